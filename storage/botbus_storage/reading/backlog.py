"""How much waits in the database: in mailboxes, as dead letters, in runs.

Only index entries are counted, and of each source of a mailbox no more than `CAP`, so that a backlog
of millions takes no longer than one of thousands.
"""

import sqlite3

from msgspec import Struct

from botbus_protocol.run_events import SYSTEM_BOT

CAP = 10_000
"""Unfetched messages that are counted of one source: direct ones, or those of a channel."""

_UNFETCHED = """
    SELECT count(*), min(seq) FROM (
        SELECT m.seq FROM bot_messages m WHERE {source} = ? AND m.seq > ?
        AND NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = ?)
        AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
        ORDER BY m.seq LIMIT ?
    )
"""
_DIRECT = _UNFETCHED.format(source="m.recipient_bot_id")
_CHANNEL = _UNFETCHED.format(source="m.recipient_channel")
_BOTS = "SELECT id, name, cursor FROM bots WHERE name <> ?"
_SUBSCRIPTIONS = "SELECT bot_id, channel_name, cursor FROM bot_subscriptions"
_OPEN = """
    SELECT bot_id, count(*), min(seq) FROM bot_deliveries
    WHERE state IN ('leased', 'waiting') GROUP BY bot_id
"""
_SENT_AT = "SELECT timestamp FROM bot_messages WHERE seq = ?"
_DEAD = "SELECT count(*) FROM bot_deliveries WHERE state = 'dead'"
_RUNS = "SELECT status, count(*) FROM workflow_runs GROUP BY status"


class Waiting(Struct):
    """What is not settled of one mailbox."""

    bot_id: str
    bot: str
    pending: int = 0
    oldest: int | None = None
    """The seq of the first message."""
    oldest_at: str | None = None

    def add(self, count: int, first: int | None) -> None:
        self.pending += count
        if first is not None:
            self.oldest = first if self.oldest is None else min(self.oldest, first)


class Counted(Struct, frozen=True):
    mailboxes: list[Waiting]
    """Those with something in them; the fullest first."""
    dead_letters: int
    runs: dict[str, int]
    """By status."""


def count_backlog(connection: sqlite3.Connection) -> Counted:
    """What waits at one moment."""
    connection.execute("BEGIN")
    try:
        return Counted(
            mailboxes=_mailboxes(connection),
            dead_letters=connection.execute(_DEAD).fetchone()[0],
            runs=dict(connection.execute(_RUNS).fetchall()),
        )
    finally:
        connection.execute("ROLLBACK")


def _mailboxes(connection: sqlite3.Connection) -> list[Waiting]:
    found: dict[str, Waiting] = {}
    for bot_id, name, cursor in connection.execute(_BOTS, (SYSTEM_BOT,)).fetchall():
        found[bot_id] = Waiting(bot_id, name)
        found[bot_id].add(*_unfetched(connection, _DIRECT, bot_id, cursor, bot_id))
    for bot_id, channel, cursor in connection.execute(_SUBSCRIPTIONS).fetchall():
        found[bot_id].add(*_unfetched(connection, _CHANNEL, channel, cursor, bot_id))
    for bot_id, count, first in connection.execute(_OPEN).fetchall():
        if bot_id in found:
            found[bot_id].add(count, first)
    waiting = [mailbox for mailbox in found.values() if mailbox.pending]
    for mailbox in waiting:
        row = connection.execute(_SENT_AT, (mailbox.oldest,)).fetchone()
        mailbox.oldest_at = None if row is None else row[0]
    return sorted(waiting, key=lambda mailbox: (-mailbox.pending, mailbox.bot))


def _unfetched(
    connection: sqlite3.Connection, statement: str, source: str, cursor: int, bot_id: str
) -> tuple[int, int | None]:
    """How many messages of a source the cursor has not passed, and the first of them."""
    row: tuple[int, int | None] = connection.execute(
        statement, (source, cursor, bot_id, CAP)
    ).fetchone()
    return row
