"""Channels and durable subscriptions.

A subscription is a cursor into the channel's messages. Making one that exists changes nothing: a bot
may subscribe at every start and goes on where it was.
"""

import sqlite3

from botbus_protocol.records import Channel, Subscription
from botbus_storage.operations import (
    CreateChannel,
    CreatedChannel,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from botbus_storage.writing.messages import count_subscribers
from botbus_storage.writing.transaction import Transaction

_CREATE = """
    INSERT INTO bot_channels (name, created_at, created_by_bot_id) VALUES (?, ?, ?)
    ON CONFLICT (name) DO NOTHING
"""
_SHOW = """
    SELECT c.name, c.created_at, coalesce(b.name, c.created_by_bot_id),
           (SELECT count(*) FROM bot_subscriptions s WHERE s.channel_name = c.name),
           coalesce((SELECT max(m.seq) FROM bot_messages m WHERE m.recipient_channel = c.name), 0)
    FROM bot_channels c LEFT JOIN bots b ON b.id = c.created_by_bot_id
    WHERE c.name = ?
"""
_SUBSCRIBE = """
    INSERT INTO bot_subscriptions (bot_id, channel_name, subscribed_at, cursor) VALUES (?, ?, ?, ?)
    ON CONFLICT (bot_id, channel_name) DO NOTHING
"""
_SUBSCRIPTION = """
    SELECT b.name, s.channel_name, s.subscribed_at, s.cursor
    FROM bot_subscriptions s JOIN bots b ON b.id = s.bot_id
    WHERE s.bot_id = ? AND s.channel_name = ?
"""
_UNSUBSCRIBE = "DELETE FROM bot_subscriptions WHERE bot_id = ? AND channel_name = ?"
_PUT_OFF = """
    SELECT d.seq FROM bot_deliveries d JOIN bot_messages m ON m.seq = d.seq
    WHERE d.bot_id = ? AND d.state = 'waiting' AND d.first_fetched_at IS NULL AND d.lease IS NULL
    AND m.recipient_channel = ?
"""
_FORGET = "DELETE FROM bot_deliveries WHERE seq = ? AND bot_id = ?"
_FIRST_AT = "SELECT min(seq) FROM bot_messages WHERE timestamp >= ?"


def create_channel(tx: Transaction, op: CreateChannel) -> CreatedChannel:
    tx.flush()
    created = tx.connection.execute(_CREATE, (op.name, tx.now, op.bot_id)).rowcount == 1
    channel = read_channel(tx.connection, op.name)
    assert channel is not None
    return CreatedChannel(channel=channel, created=created)


def read_channel(connection: sqlite3.Connection, name: str) -> Channel | None:
    row = connection.execute(_SHOW, (name,)).fetchone()
    if row is None:
        return None
    return Channel(
        name=row[0], created_at=row[1], created_by=row[2], subscribers=row[3], last_seq=row[4]
    )


def subscribe(tx: Transaction, op: Subscribe) -> Subscribed:
    """Raises Refused if there is no such channel."""
    tx.flush()
    count_subscribers(tx, op.channel)
    row = (op.bot_id, op.channel, tx.now, _cursor(tx, op.start))
    created = tx.connection.execute(_SUBSCRIBE, row).rowcount == 1
    tx.subscribers.pop(op.channel, None)
    stored = tx.connection.execute(_SUBSCRIPTION, (op.bot_id, op.channel)).fetchone()
    subscription = Subscription(
        bot=stored[0], channel=stored[1], subscribed_at=stored[2], cursor=stored[3]
    )
    return Subscribed(subscription=subscription, created=created)


def _cursor(tx: Transaction, start: str | int) -> int:
    """The seq before the first message wanted."""
    if start == "new":
        return tx.last_seq
    if start == "first":
        return 0
    if isinstance(start, int):
        return max(0, min(start - 1, tx.last_seq))
    first = tx.connection.execute(_FIRST_AT, (start,)).fetchone()[0]
    return tx.last_seq if first is None else first - 1


def unsubscribe(tx: Transaction, op: Unsubscribe) -> Unsubscribed:
    """What was handed out keeps its row, what was only put off does not.

    Raises Refused if there is no such channel.
    """
    tx.flush()
    count_subscribers(tx, op.channel)
    gone = tx.connection.execute(_UNSUBSCRIBE, (op.bot_id, op.channel)).rowcount == 1
    tx.subscribers.pop(op.channel, None)
    rows = tx.connection.execute(_PUT_OFF, (op.bot_id, op.channel)).fetchall() if gone else []
    tx.connection.executemany(_FORGET, [(seq, op.bot_id) for (seq,) in rows])
    return Unsubscribed(changed=gone, put_off=[seq for (seq,) in rows])
