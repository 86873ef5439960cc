"""Writing history out, a page at a time, beside a running daemon or without one.

Messages never change, so no moment has to be held on to: every page is a read of its own, and nothing
keeps the daemon from checkpointing. What is committed after the export began is left out.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import UNSET, Raw, Struct

from botbus_storage.archive.lines import VERSION, ChannelLine, End, Header, MessageLine, written
from botbus_storage.migrator.backup import Progress

PAGE = 500

_NEWEST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_MESSAGES = """
    SELECT m.seq, m.id, m.timestamp, m.sender_bot_name, coalesce(r.name, m.recipient_bot_id),
           m.recipient_channel, m.message_type, m.body, m.reply_to, m.thread_id, m.hops, m.headers,
           m.expires_at, m.deliver_at, m.session_id, m.sender_uid, m.sender_pid, c.recalled_at
    FROM bot_messages m LEFT JOIN bots r ON r.id = m.recipient_bot_id
    LEFT JOIN bot_recalls c ON c.seq = m.seq
    WHERE m.seq > :after AND m.seq <= :upto
"""
_CHANNEL = """
    SELECT c.name, c.created_at, coalesce(b.name, c.created_by_bot_id)
    FROM bot_channels c LEFT JOIN bots b ON b.id = c.created_by_bot_id WHERE c.name = ?
"""


class Extract(Struct, frozen=True, kw_only=True):
    """Which messages: all those that fit everything that is said."""

    since: int | str | None = None
    """A seq or a stored time; the message there is part of it."""
    until: int | str | None = None
    """A seq or a stored time; the message there is not part of it."""
    channel: str | None = None
    bot: str | None = None
    """The name of a sender or recipient."""


class Piece(NamedTuple):
    """Lines of the file, and how many messages are written by then."""

    text: bytes
    messages: int


def unknown(connection: sqlite3.Connection, extract: Extract) -> str | None:
    """What is asked for and was never there, a sentence. Raises sqlite3.Error."""
    for kind, table, name in (
        ("channel", "bot_channels", extract.channel),
        ("bot", "bots", extract.bot),
    ):
        known = f"SELECT 1 FROM {table} WHERE name = ?"
        if name is not None and connection.execute(known, (name,)).fetchone() is None:
            return f"there is no {kind} {name}"
    return None


def export(
    connection: sqlite3.Connection, extract: Extract, progress: Progress | None = None
) -> Iterator[Piece]:
    """The file, piece by piece. Raises sqlite3.Error."""
    upto: int = connection.execute(_NEWEST).fetchone()[0]
    condition, parameters = _condition(extract)
    statement = f"{_MESSAGES} {condition} ORDER BY m.seq LIMIT {PAGE}"
    channels: set[str] = set()
    after = count = 0
    yield Piece(written(Header(version=VERSION)), 0)
    while True:
        given = {**parameters, "after": after, "upto": upto}
        rows = connection.execute(statement, given).fetchall()
        if not rows:
            break
        after = rows[-1][0]
        count += len(rows)
        yield Piece(b"".join(_lines(connection, rows, channels)), count)
        if progress:
            progress("export", after, upto)
    yield Piece(written(End(messages=count)), count)


def _lines(
    connection: sqlite3.Connection, rows: list[tuple[Any, ...]], channels: set[str]
) -> Iterator[bytes]:
    for row in rows:
        channel = row[5]
        if channel is not None and channel not in channels:
            channels.add(channel)
            name, created_at, created_by = connection.execute(_CHANNEL, (channel,)).fetchone()
            yield written(ChannelLine(name=name, created_at=created_at, created_by=created_by))
        yield written(_message(row))


def _message(row: tuple[Any, ...]) -> MessageLine:
    def some(value: Any) -> Any:
        return UNSET if value is None else value

    return MessageLine(
        seq=row[0],
        id=row[1],
        timestamp=row[2],
        sender=row[3],
        to=some(row[4]),
        channel=some(row[5]),
        type=row[6],
        body=Raw(row[7].encode()),
        reply_to=some(row[8]),
        thread=some(row[9]),
        hops=row[10],
        headers=UNSET if row[11] is None else Raw(row[11].encode()),
        expires_at=some(row[12]),
        deliver_at=some(row[13]),
        session_id=some(row[14]),
        sender_uid=some(row[15]),
        sender_pid=some(row[16]),
        recalled_at=some(row[17]),
    )


def _condition(extract: Extract) -> tuple[str, dict[str, int | str]]:
    conditions = ""
    parameters: dict[str, int | str] = {}
    for sign, name, bound in ((">=", "since", extract.since), ("<", "until", extract.until)):
        if bound is not None:
            column = "m.seq" if isinstance(bound, int) else "m.timestamp"
            conditions += f" AND {column} {sign} :{name}"
            parameters[name] = bound
    if extract.channel is not None:
        conditions += " AND m.recipient_channel = :channel"
        parameters["channel"] = extract.channel
    if extract.bot is not None:
        conditions += " AND (m.sender_bot_name = :bot OR r.name = :bot)"
        parameters["bot"] = extract.bot
    return conditions, parameters
