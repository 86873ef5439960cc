"""What runs wait for, as a daemon needs it when it starts; and what lies there already.

Leases of deliveries are written behind, so what lies in a mailbox according to the disk is a
candidate only: the mailbox in memory knows who holds it.
"""

import heapq
import sqlite3
from itertools import islice
from operator import itemgetter
from typing import Any

from msgspec import Struct

from botbus_protocol.records import Message
from botbus_storage.reading.rows import COLUMNS, FROM, messages_within
from botbus_storage.workflow_operations import StepWait

_OPEN = """
    SELECT w.run_id, w.step_id, w.kind, w.due_at, w.bot_id, w.channel, w.message_type, w.sender,
        w.reply_to, w.body_match, w.after_seq
    FROM workflow_waits w
    WHERE w.kind = 'message' OR (w.kind = 'approval' AND w.reply_to IS NOT NULL)
    ORDER BY w.created_at, w.run_id, w.step_id
"""
_EARLIEST = "SELECT min(due_at) FROM workflow_waits WHERE due_at IS NOT NULL"

_THREAD = "SELECT coalesce(thread_id, id) FROM bot_messages WHERE id = ?"
_FITTING = """
    AND (:type IS NULL OR m.message_type = :type)
    AND (:sender IS NULL OR m.sender_bot_name = :sender)
    AND (:reply_to IS NULL OR m.reply_to = :reply_to)
    AND (m.expires_at IS NULL OR m.expires_at > :now)
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
"""
_PAGE = "ORDER BY m.seq LIMIT :limit"
_HAS_ROW = "SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = :bot"
_OPEN_STATES = "d.state IN ('leased', 'waiting')"
_CURSOR = "coalesce((SELECT cursor FROM bots WHERE id = :bot), 0)"

_IN_CHANNEL = f"""
    SELECT {COLUMNS} FROM {FROM} WHERE m.recipient_channel = :channel AND m.seq > :after
    {_FITTING} {_PAGE}
"""
_IN_CHANNEL_THREAD = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.thread_id = :thread AND m.recipient_channel = :channel AND m.seq > :after
    {_FITTING} {_PAGE}
"""
_IN_MAILBOX_THREAD = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.thread_id = :thread AND m.recipient_bot_id = :bot AND m.seq > :after
    AND (EXISTS ({_HAS_ROW} AND {_OPEN_STATES}) OR m.seq > {_CURSOR} AND NOT EXISTS ({_HAS_ROW}))
    {_FITTING} {_PAGE}
"""
_NEW_IN_MAILBOX = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.recipient_bot_id = :bot AND m.seq > max(:after, {_CURSOR}) AND NOT EXISTS ({_HAS_ROW})
    {_FITTING} {_PAGE}
"""
_OPEN_IN_MAILBOX = f"""
    SELECT {COLUMNS} FROM bot_deliveries d CROSS JOIN bot_messages m ON m.seq = d.seq
    LEFT JOIN bots r ON r.id = m.recipient_bot_id
    WHERE d.bot_id = :bot AND {_OPEN_STATES} AND d.seq > :after AND m.recipient_bot_id = :bot
    {_FITTING} ORDER BY d.seq LIMIT :limit
"""


class OpenWait(Struct, frozen=True, kw_only=True):
    """A step that waits for a message, or for an approval that a message may give."""

    run: str
    step: str
    wait: StepWait
    after_seq: int = 0
    """channel: only messages after this one."""


def open_waits(connection: sqlite3.Connection) -> list[OpenWait]:
    """All that wait for a message, oldest first."""
    return [_open_wait(row) for row in connection.execute(_OPEN)]


def earliest_due(connection: sqlite3.Connection) -> str | None:
    """When the first of all waits ends."""
    found: str | None = connection.execute(_EARLIEST).fetchone()[0]
    return found


def messages_for(
    connection: sqlite3.Connection, wanted: OpenWait, now: str, after: int, limit: int
) -> list[Message]:
    """Messages after a seq that a wait may want, in commit order; none when there are no more.

    In a mailbox: what lies there unsettled. When a message is due, fields of the body (`where`) and
    verdicts are not looked at, and whether a message is leased is for the mailbox in memory to say.
    """
    wait = wanted.wait
    parameters = {
        "bot": wait.bot_id,
        "channel": wait.channel,
        "type": wait.type,
        "sender": wait.sender,
        "reply_to": wait.reply_to,
        "thread": None if wait.reply_to is None else _thread_of(connection, wait.reply_to),
        "now": now,
        "after": after if wait.channel is None else max(after, wanted.after_seq),
        "limit": limit,
    }
    found = [connection.execute(statement, parameters) for statement in _statements(wait)]
    rows = heapq.merge(*found, key=itemgetter(0))
    return messages_within(islice(rows, limit))[0]


def _statements(wait: StepWait) -> tuple[str, ...]:
    """Which together find what a wait may want, each in commit order."""
    if wait.reply_to is not None:
        return (_IN_MAILBOX_THREAD if wait.channel is None else _IN_CHANNEL_THREAD,)
    return (_NEW_IN_MAILBOX, _OPEN_IN_MAILBOX) if wait.channel is None else (_IN_CHANNEL,)


def _thread_of(connection: sqlite3.Connection, message_id: str) -> str | None:
    """The thread in which replies to a message are; None if there is no such message."""
    row = connection.execute(_THREAD, (message_id,)).fetchone()
    return None if row is None else row[0]


def _open_wait(row: tuple[Any, ...]) -> OpenWait:
    return OpenWait(
        run=row[0],
        step=row[1],
        wait=StepWait(
            kind=row[2],
            due_at=row[3],
            bot_id=row[4],
            channel=row[5],
            type=row[6],
            sender=row[7],
            reply_to=row[8],
            where=row[9],
        ),
        after_seq=row[10],
    )
