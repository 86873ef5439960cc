"""From a row of bot_messages to a record."""

from collections.abc import Iterable
from typing import Any

import msgspec

from botbus_protocol import bodies
from botbus_protocol.records import Message

COLUMNS = """
    m.seq, m.id, m.sender_bot_name, r.name, m.recipient_channel, m.message_type, m.body, m.reply_to,
    m.thread_id, m.hops, m.headers, m.timestamp, m.expires_at, m.deliver_at,
    m.session_id
"""
FROM = "bot_messages m LEFT JOIN bots r ON r.id = m.recipient_bot_id"

_headers = msgspec.json.Decoder(dict[str, str]).decode


READ_BYTES = 1024 * 1024
"""Bytes of bodies that are read for one answer; the message that goes beyond it is the last."""


def messages_within(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Message], bool]:
    """The messages of rows as far as `READ_BYTES` reach, and whether they were used up."""
    budget = READ_BYTES
    messages: list[Message] = []
    for row in rows:
        messages.append(message_of(row))
        budget -= len(row[6])
        if budget <= 0:
            return messages, True
    return messages, False


def message_of(row: tuple[Any, ...]) -> Message:
    """The message of a row that begins with `COLUMNS`; its body is encoded for the wire."""
    return Message(
        seq=row[0],
        id=row[1],
        sender=row[2],
        recipient=row[3],
        channel=row[4],
        type=row[5],
        body=bodies.from_json(row[6]),
        reply_to=row[7],
        thread=row[8],
        hops=row[9],
        headers=_headers(row[10]) if row[10] is not None else {},
        timestamp=row[11],
        expires_at=row[12],
        deliver_at=row[13],
        session_id=row[14],
    )
