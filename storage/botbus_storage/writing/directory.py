"""Bots by name and by id, remembered between transactions.

Bots are never deleted, so what was read once stays true; what a transaction added is forgotten when
it is rolled back (all of it: a rollback is rare, and reading again is cheap).
"""

import sqlite3

from botbus_protocol.grammar import looks_like_id, new_id
from botbus_storage.operations import KnownBot

MOST = 100_000

_FIND = "SELECT id, name, first_seen_at IS NOT NULL FROM bots WHERE name = ?"
_FIND_BY_ID = "SELECT id, name, first_seen_at IS NOT NULL FROM bots WHERE id = ?"
_ADD = "INSERT INTO bots (id, name, created_at) VALUES (?, ?, ?)"
_SEE = """
    UPDATE bots SET first_seen_at = coalesce(first_seen_at, :now), last_seen_at = :now
    WHERE id = :id
"""


class BotDirectory:
    def __init__(self) -> None:
        self._bots: dict[str, KnownBot] = {}

    def find(self, connection: sqlite3.Connection, name_or_id: str) -> KnownBot | None:
        """The bot of that name or id, if there is one."""
        if (bot := self._bots.get(name_or_id)) is not None:
            return bot
        statement = _FIND_BY_ID if looks_like_id(name_or_id) else _FIND
        row = connection.execute(statement, (name_or_id,)).fetchone()
        return (
            None if row is None else self._keep(name_or_id, KnownBot(row[0], row[1], bool(row[2])))
        )

    def add(self, connection: sqlite3.Connection, name: str, now: str) -> KnownBot:
        """A new bot of a name that no bot has."""
        bot = KnownBot(new_id(), name, seen=False)
        connection.execute(_ADD, (bot.id, name, now))
        return self._keep(name, bot)

    def see(self, connection: sqlite3.Connection, bot: KnownBot, now: str) -> KnownBot:
        """Notes that a bot is there."""
        connection.execute(_SEE, {"id": bot.id, "now": now})
        self._bots.pop(bot.id, None)
        return self._keep(bot.name, KnownBot(bot.id, bot.name, seen=True))

    def forget(self) -> None:
        self._bots.clear()

    def _keep(self, key: str, bot: KnownBot) -> KnownBot:
        if len(self._bots) >= MOST:
            self._bots.clear()
        self._bots[key] = bot
        return bot
