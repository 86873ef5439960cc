"""What an operator should know of a database: damage, dead letters, mailboxes where nothing moves.

Only reads, beside a running daemon or without one. The questions are asked of the file, so they are
answered even if the daemon does not.
"""

import sqlite3
import time
from pathlib import Path

from msgspec import Struct, field

from botbus_protocol import timestamps
from botbus_storage.connection import Connect, connect_plainly
from botbus_storage.migrator.backup import damage

STUCK_AFTER = 86400.0
"""Seconds for which the oldest message of a mailbox may wait before it is said to be stuck."""
SHOWN = 10

_DEAD = "SELECT count(*) FROM bot_deliveries WHERE state = 'dead'"
_STUCK = """
    SELECT b.name, min(m.timestamp), count(*) FROM bots b
    JOIN bot_messages m ON m.recipient_bot_id = b.id AND m.seq > b.cursor
    WHERE NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = b.id)
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
    AND (m.deliver_at IS NULL OR m.deliver_at < :now)
    GROUP BY b.id HAVING min(m.timestamp) < :before ORDER BY min(m.timestamp) LIMIT :shown
"""
_OLD_LEASES = """
    SELECT b.name, min(d.fetched_at), count(*) FROM bot_deliveries d JOIN bots b ON b.id = d.bot_id
    WHERE d.state = 'leased' AND d.fetched_at < :before
    GROUP BY b.id ORDER BY min(d.fetched_at) LIMIT :shown
"""


_COUNTS_LOSSES = "SELECT 1 FROM sqlite_master WHERE name = 'bot_losses'"
_LOSSES = """
    SELECT coalesce(b.name, l.bot_id), l.channel_name, l.undelivered, l.dead, l.last_at
    FROM bot_losses l LEFT JOIN bots b ON b.id = l.bot_id ORDER BY l.last_at DESC LIMIT :shown
"""


class Loss(Struct, frozen=True):
    """What retention took from a bot that had not settled it, until when."""

    bot: str
    channel: str
    """Empty for direct messages."""
    undelivered: int
    dead: int
    last_at: str


class Backlog(Struct, frozen=True):
    """A mailbox, since when its oldest message waits there, and how many do."""

    bot: str
    since: str
    messages: int


class Diagnosis(Struct, frozen=True, kw_only=True):
    damage: list[str] = field(default_factory=list)
    """What SQLite finds wrong; nothing if all is well."""
    dead_letters: int = 0
    stuck: list[Backlog] = field(default_factory=list)
    """Mailboxes whose oldest message was never fetched."""
    losses: list[Loss] = field(default_factory=list)
    shrinks: bool = True
    """Whether the file gives unused pages back to the disk."""
    old_leases: list[Backlog] = field(default_factory=list)
    """Mailboxes whose oldest delivery was fetched long ago and is not settled."""


def diagnose(database: Path, connect: Connect = connect_plainly) -> Diagnosis:
    """Raises sqlite3.Error if the file cannot be read at all."""
    connection = connect(database)
    try:
        connection.execute("PRAGMA query_only = ON")
        if (found := damage(connection)) != ["ok"]:
            return Diagnosis(damage=found)  # what else would be read from it cannot be relied on
        now = time.time()
        before = timestamps.from_epoch(now - STUCK_AFTER)
        bounds = {"now": timestamps.from_epoch(now), "before": before, "shown": SHOWN}
        return Diagnosis(
            dead_letters=connection.execute(_DEAD).fetchone()[0],
            losses=_losses(connection),
            shrinks=connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2,
            stuck=[Backlog(*row) for row in connection.execute(_STUCK, bounds)],
            old_leases=[Backlog(*row) for row in connection.execute(_OLD_LEASES, bounds)],
        )
    finally:
        connection.close()


def _losses(connection: sqlite3.Connection) -> list[Loss]:
    """None in a database that the daemon has yet to bring up to date."""
    if connection.execute(_COUNTS_LOSSES).fetchone() is None:
        return []
    return [Loss(*row) for row in connection.execute(_LOSSES, {"shown": SHOWN})]


def sqlite_version() -> tuple[int, ...]:
    """Of the SQLite library in use."""
    return sqlite3.sqlite_version_info
