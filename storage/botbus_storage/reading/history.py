"""The audit trail: messages of a pair, a channel, a thread, a session; one's whole life; the newest."""

import sqlite3
from typing import Any

from msgspec import Struct

from botbus_protocol.records import DeadLetter, DeliveryRecord, Message
from botbus_storage.reading.rows import COLUMNS, FROM, READ_BYTES, message_of, messages_within

MOST_DELIVERIES = 1000

_SELECT = f"SELECT {COLUMNS} FROM {FROM} WHERE"
_BETWEEN = "m.sender_bot_id = :{a} AND m.recipient_bot_id = :{b}"
_SCOPES = {
    "channel": "m.recipient_channel = :channel",
    "thread": "(m.thread_id = :thread OR m.id = :thread)",
    "session": "m.session_id = :session",
}
_BY_ID = f"SELECT {COLUMNS}, m.sender_pid FROM {FROM} WHERE m.id = ?"
_REPLIES = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.thread_id = :thread AND m.reply_to = :id ORDER BY m.seq LIMIT 100
"""
_FIRST_REPLY = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.thread_id = :thread AND m.reply_to = :id AND m.recipient_bot_id = :bot
    ORDER BY m.seq LIMIT 1
"""
_RECALLED_AT = "SELECT recalled_at FROM bot_recalls WHERE seq = ?"
_DELIVERIES = """
    SELECT b.name, d.state, d.attempts, d.holder_pid, d.first_fetched_at, d.fetched_at, d.due_at,
           d.settled_at, d.reason
    FROM bot_deliveries d JOIN bots b ON b.id = d.bot_id
    WHERE d.seq = ? ORDER BY b.name LIMIT ?
"""
_AWAITING_DIRECT = "SELECT b.name FROM bots b WHERE b.name = :recipient"
_AWAITING_IN_CHANNEL = """
    SELECT b.name FROM bot_subscriptions s JOIN bots b ON b.id = s.bot_id
    WHERE s.channel_name = :channel AND s.cursor < :seq
    AND NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = :seq AND d.bot_id = s.bot_id)
    ORDER BY b.name LIMIT :limit
"""
_TAIL = f"""
    {_SELECT} m.seq > :after
    AND (:channel IS NULL OR m.recipient_channel = :channel)
    AND (:bot IS NULL OR m.sender_bot_id = :bot OR m.recipient_bot_id = :bot)
    ORDER BY m.seq LIMIT :limit
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_DEAD = f"""
    SELECT {COLUMNS}, b.name, d.attempts, d.settled_at, coalesce(d.reason, '')
    FROM bot_deliveries d
    JOIN bots b ON b.id = d.bot_id
    JOIN bot_messages m ON m.seq = d.seq LEFT JOIN bots r ON r.id = m.recipient_bot_id
    WHERE d.state = 'dead' AND (d.seq, b.name) > (:after, :after_bot)
    AND (:bot IS NULL OR d.bot_id = :bot)
    ORDER BY d.seq, b.name LIMIT :limit
"""
_CHAIN = """
    WITH RECURSIVE chain (id, sender, reply_to, depth) AS (
        SELECT id, sender_bot_name, reply_to, 0 FROM bot_messages WHERE id = :id
        UNION ALL
        SELECT m.id, m.sender_bot_name, m.reply_to, chain.depth + 1
        FROM chain JOIN bot_messages m ON m.id = chain.reply_to WHERE chain.depth + 1 < :most
    )
    SELECT sender FROM chain ORDER BY depth
"""


class Scope(Struct, frozen=True, kw_only=True):
    """Whose history is asked for: a pair of bots (ids), a channel, a thread or a session (id)."""

    pair: tuple[str, str] | None = None
    channel: str | None = None
    thread: str | None = None
    session: str | None = None
    before: str | int | None = None
    after: str | int | None = None
    limit: int = 50


class Life(Struct, frozen=True):
    message: Message
    sender_pid: int | None
    deliveries: list[DeliveryRecord]
    replies: list[Message]


def history(connection: sqlite3.Connection, scope: Scope) -> list[Message]:
    """Newest first, or oldest first from `after` on; fewer than asked for if they are large."""
    order = "ASC" if scope.after is not None and scope.before is None else "DESC"
    bounds, parameters = _bounds(scope)
    selects = [f"{_SELECT} {where} {bounds}" for where in _wheres(scope, parameters)]
    page = [f"SELECT * FROM ({select} ORDER BY m.seq {order} LIMIT :limit)" for select in selects]
    statement = f"{' UNION ALL '.join(page)} ORDER BY 1 {order} LIMIT :limit"
    return messages_within(connection.execute(statement, parameters))[0]


def _wheres(scope: Scope, parameters: dict[str, Any]) -> list[str]:
    if scope.pair is None:
        name = next(name for name in _SCOPES if getattr(scope, name) is not None)
        parameters[name] = getattr(scope, name)
        return [_SCOPES[name]]
    parameters["a"], parameters["b"] = scope.pair
    there = _BETWEEN.format(a="a", b="b")
    return [there] if scope.pair[0] == scope.pair[1] else [there, _BETWEEN.format(a="b", b="a")]


def _bounds(scope: Scope) -> tuple[str, dict[str, Any]]:
    bounds = ""
    parameters: dict[str, Any] = {"limit": scope.limit}
    for sign, name, bound in (("<", "before", scope.before), (">", "after", scope.after)):
        if bound is not None:
            column = "m.seq" if isinstance(bound, int) else "m.timestamp"
            bounds += f" AND {column} {sign} :{name}"
            parameters[name] = bound
    return bounds, parameters


def find_message(connection: sqlite3.Connection, message_id: str) -> Message | None:
    row = connection.execute(_BY_ID, (message_id,)).fetchone()
    return None if row is None else message_of(row)


def first_reply(connection: sqlite3.Connection, message: Message, bot_id: str) -> Message | None:
    """The first direct reply to a message that went to this bot."""
    parameters = {"thread": message.thread or message.id, "id": message.id, "bot": bot_id}
    row = connection.execute(_FIRST_REPLY, parameters).fetchone()
    return None if row is None else message_of(row)


def life_of(connection: sqlite3.Connection, message_id: str) -> Life | None:
    """A message with all that became of it."""
    row = connection.execute(_BY_ID, (message_id,)).fetchone()
    if row is None:
        return None
    message = message_of(row)
    parameters = {"thread": message.thread or message.id, "id": message.id}
    replies, _ = messages_within(connection.execute(_REPLIES, parameters))
    return Life(message, row[-1], _deliveries(connection, message), replies)


def _deliveries(connection: sqlite3.Connection, message: Message) -> list[DeliveryRecord]:
    rows = connection.execute(_DELIVERIES, (message.seq, MOST_DELIVERIES)).fetchall()
    records = [
        DeliveryRecord(
            bot=r[0],
            state=r[1],
            attempts=r[2],
            holder_pid=r[3],
            first_fetched_at=r[4],
            fetched_at=r[5],
            due_at=r[6],
            settled_at=r[7],
            reason=r[8],
        )
        for r in rows
    ]
    recalled = connection.execute(_RECALLED_AT, (message.seq,)).fetchone()
    known = {record.bot for record in records}
    untouched = (name for name in _awaiting(connection, message) if name not in known)
    records.extend(
        DeliveryRecord(bot=name, state="recalled", settled_at=recalled[0])
        if recalled
        else DeliveryRecord(bot=name, state="pending", due_at=message.deliver_at)
        for name in untouched
    )
    return records[:MOST_DELIVERIES]


def _awaiting(connection: sqlite3.Connection, message: Message) -> list[str]:
    if message.channel is None:
        rows = connection.execute(_AWAITING_DIRECT, {"recipient": message.recipient})
    else:
        parameters = {"channel": message.channel, "seq": message.seq, "limit": MOST_DELIVERIES}
        rows = connection.execute(_AWAITING_IN_CHANNEL, parameters)
    return [row[0] for row in rows]


def tail(
    connection: sqlite3.Connection, after: int, channel: str | None, bot_id: str | None, limit: int
) -> list[Message]:
    """Messages after a seq, oldest first."""
    parameters = {"after": after, "channel": channel, "bot": bot_id, "limit": limit}
    return messages_within(connection.execute(_TAIL, parameters))[0]


def last_seq(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_LAST).fetchone()[0])


def dead_letters(
    connection: sqlite3.Connection, bot_id: str | None, after: tuple[int, str], limit: int
) -> list[DeadLetter]:
    """Oldest message first, after a message and the bot it died at."""
    seq, bot = after
    parameters = {"bot": bot_id, "after": seq, "after_bot": bot, "limit": limit}
    letters: list[DeadLetter] = []
    budget = READ_BYTES
    for row in connection.execute(_DEAD, parameters):
        letters.append(
            DeadLetter(
                bot=row[-4],
                message=message_of(row),
                attempts=row[-3],
                died_at=row[-2],
                reason=row[-1],
            )
        )
        budget -= len(row[6])
        if budget <= 0:
            break
    return letters


def chain_of(connection: sqlite3.Connection, message_id: str, most: int) -> list[str]:
    """Who wrote a message, who wrote the one it answers, and so on; newest first."""
    rows = connection.execute(_CHAIN, {"id": message_id, "most": most})
    return [row[0] for row in rows]
