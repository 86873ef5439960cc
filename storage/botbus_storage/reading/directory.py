"""Bots, channels and subscriptions as they are on disk, in pages by name.

The daemon's own bot and channels are found by their names, and are in no list.
"""

import sqlite3

from botbus_protocol.grammar import looks_like_id
from botbus_protocol.records import Bot, Channel, Subscription
from botbus_protocol.run_events import SYSTEM_BOT, SYSTEM_PREFIX
from botbus_storage.writing.channels import read_channel

_BOT = "SELECT id, name, first_seen_at, last_seen_at FROM bots WHERE"
_BY_NAME = f"{_BOT} name = ?"
_BY_ID = f"{_BOT} id = ?"
_BOTS = f"{_BOT} name > ? AND name <> '{SYSTEM_BOT}' ORDER BY name LIMIT ?"
_CHANNELS = f"""
    SELECT name FROM bot_channels
    WHERE name > ? AND name NOT GLOB '{SYSTEM_PREFIX}*' ORDER BY name LIMIT ?
"""
_SUBSCRIPTION = """
    SELECT b.name, s.channel_name, s.subscribed_at, s.cursor
    FROM bot_subscriptions s JOIN bots b ON b.id = s.bot_id
"""
_SUBSCRIPTIONS = f"{_SUBSCRIPTION} WHERE s.bot_id = ? ORDER BY s.channel_name"
_SUBSCRIBERS = f"""
    {_SUBSCRIPTION} WHERE s.channel_name = ? AND b.name > ? ORDER BY b.name LIMIT ?
"""


def find_bot(connection: sqlite3.Connection, name_or_id: str) -> Bot | None:
    statement = _BY_ID if looks_like_id(name_or_id) else _BY_NAME
    row = connection.execute(statement, (name_or_id,)).fetchone()
    return None if row is None else _bot(row)


def find_bots(connection: sqlite3.Connection, names: list[str]) -> list[Bot]:
    """The bots of these names, in their order."""
    found = (find_bot(connection, name) for name in names)
    return [bot for bot in found if bot is not None]


def list_bots(connection: sqlite3.Connection, after: str, limit: int) -> list[Bot]:
    return [_bot(row) for row in connection.execute(_BOTS, (after, limit))]


def list_channels(connection: sqlite3.Connection, after: str, limit: int) -> list[Channel]:
    names = connection.execute(_CHANNELS, (after, limit)).fetchall()
    channels = (read_channel(connection, row[0]) for row in names)
    return [channel for channel in channels if channel is not None]


def find_channel(connection: sqlite3.Connection, name: str) -> Channel | None:
    return read_channel(connection, name)


def subscriptions_of(connection: sqlite3.Connection, bot_id: str) -> list[Subscription]:
    return [_subscription(row) for row in connection.execute(_SUBSCRIPTIONS, (bot_id,))]


def subscribers_of(
    connection: sqlite3.Connection, channel: str, after: str, limit: int
) -> list[Subscription]:
    return [_subscription(row) for row in connection.execute(_SUBSCRIBERS, (channel, after, limit))]


def _bot(row: tuple[str, str, str | None, str | None]) -> Bot:
    return Bot(id=row[0], name=row[1], first_seen_at=row[2], last_seen_at=row[3])


def _subscription(row: tuple[str, str, str, int]) -> Subscription:
    return Subscription(bot=row[0], channel=row[1], subscribed_at=row[2], cursor=row[3])
