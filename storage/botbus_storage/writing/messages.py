"""Saving and recalling messages.

A message is one row, whatever the number of its recipients. The rule of every operation: refuse
before you write, so that a refusal leaves nothing behind.
"""

import msgspec

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_storage.operations import (
    KnownBot,
    Recalled,
    RecallMessage,
    Saved,
    SavedMessages,
    SaveMessage,
    SaveMessages,
)
from botbus_storage.writing.transaction import Transaction

_COUNT_SUBSCRIBERS = """
    SELECT (SELECT count(*) FROM bot_subscriptions WHERE channel_name = :name)
    FROM bot_channels WHERE name = :name
"""
_FIND_SAVED = """
    SELECT seq, timestamp, sender_bot_id, recipient_bot_id, recipient_channel, message_type, body,
           reply_to, headers, session_id
    FROM bot_messages WHERE id = ?
"""
_FIND_SESSION = """
    SELECT 1 FROM sessions WHERE id = :id
    UNION ALL SELECT 1 FROM bot_messages WHERE session_id = :id LIMIT 1
"""
_FIND_TO_RECALL = """
    SELECT m.seq, m.sender_bot_id,
           EXISTS (SELECT 1 FROM bot_recalls r WHERE r.seq = m.seq),
           (SELECT b.name FROM bot_deliveries d JOIN bots b ON b.id = d.bot_id
             WHERE d.seq = m.seq AND (d.attempts > 0 OR d.first_fetched_at IS NOT NULL) LIMIT 1)
    FROM bot_messages m WHERE m.id = ?
"""
_RECALL = "INSERT INTO bot_recalls (seq, recalled_at) VALUES (?, ?)"
_FORGET_DELAYED = "DELETE FROM bot_deliveries WHERE seq = ? AND state = 'waiting'"


WORTH_A_STATEMENT = 16
"""Messages that are alike get a statement of their own from so many on."""


def save_message(tx: Transaction, op: SaveMessage) -> Saved:
    """Raises Refused (`not_found`, `conflict`) and, through the transaction, Collision."""
    if tx.careful and (earlier := _earlier(tx, op)) is not None:
        return earlier
    if op.session_id is not None:
        _check_session(tx, op.session_id)
    if op.channel is not None:
        subscribers = count_subscribers(tx, op.channel)
        seq = _append(tx, op, "channel", None)
        return Saved(id=op.id, seq=seq, timestamp=tx.now, subscribers=subscribers)
    to = op.to or ""
    bot = tx.bots.find(tx.connection, to) or add_bot(tx, to)
    return Saved(
        id=op.id,
        seq=_append(tx, op, "direct", bot.id),
        timestamp=tx.now,
        recipient_id=bot.id,
        recipient_name=bot.name,
        known=bot.seen,
    )


def save_messages(tx: Transaction, op: SaveMessages) -> SavedMessages:
    """Raises Refused if one of them cannot be saved; none is then. Collision if one is not new."""
    recipients = dict.fromkeys(op.recipients)  # in the order in which they are named
    if op.published:
        subscribers = {channel: count_subscribers(tx, channel) for channel in recipients}
        targets, bots = {channel: channel for channel in recipients}, {}
    else:
        bots = {to: tx.bots.find(tx.connection, to) or add_bot(tx, to) for to in recipients}
        targets, subscribers = {to: bot.id for to, bot in bots.items()}, {}
    first = tx.last_seq + 1
    tx.last_seq += len(op.ids)
    _append_all(tx, op, range(first, tx.last_seq + 1), targets)
    return SavedMessages(first=first, timestamp=tx.now, bots=bots, subscribers=subscribers)


def _append_all(tx: Transaction, op: SaveMessages, seqs: range, targets: dict[str, str]) -> None:
    sender = (op.sender_id, op.sender_name)
    process = (op.sender_uid, op.sender_pid)
    if len(op.ids) >= WORTH_A_STATEMENT and len(targets) == 1 and len(set(op.types)) == 1:
        shared = (*sender, *process, *targets.values(), op.types[0])
        tx.add_alike(shared, list(zip(seqs, op.ids, op.bodies, strict=True)), op.published)
        return
    rows = tx.channel_messages if op.published else tx.direct_messages
    columns = zip(seqs, op.ids, op.recipients, op.types, op.bodies, strict=True)
    for seq, message_id, recipient, kind, body in columns:
        rows.append((seq, message_id, *sender, targets[recipient], kind, body, *process))


def _append(tx: Transaction, op: SaveMessage, kind: str, recipient_id: str | None) -> int:
    seq = tx.next_seq()
    if _is_plain(op):
        rows = tx.channel_messages if recipient_id is None else tx.direct_messages
        rows.append(
            (
                seq,
                op.id,
                op.sender_id,
                op.sender_name,
                op.channel if recipient_id is None else recipient_id,
                op.type,
                op.body,
                op.sender_uid,
                op.sender_pid,
            )
        )
        return seq
    tx.messages.append(
        (
            seq,
            op.id,
            op.sender_id,
            op.sender_name,
            kind,
            recipient_id,
            op.channel,
            op.type,
            op.body,
            op.reply_to,
            op.thread_id,
            op.hops,
            op.headers,
            op.expires_at,
            op.deliver_at,
            op.session_id,
            op.sender_uid,
            op.sender_pid,
        )
    )
    return seq


def _is_plain(op: SaveMessage) -> bool:
    return (
        op.reply_to is None
        and op.headers is None
        and op.expires_at is None
        and op.deliver_at is None
        and op.session_id is None
    )


def _check_session(tx: Transaction, session_id: str) -> None:
    """Raises Refused if there never was such a session; one that was deleted may still be answered."""
    if tx.connection.execute(_FIND_SESSION, {"id": session_id}).fetchone() is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no session {session_id}: create it first", id=session_id
        )


def add_bot(tx: Transaction, name: str) -> KnownBot:
    """A bot that is named for the first time. Raises Refused if only an id was given."""
    if looks_like_id(name):
        raise Refused(Code.NOT_FOUND, f"there is no bot with the id {name}: send to its name")
    return tx.bots.add(tx.connection, name, tx.now)


def count_subscribers(tx: Transaction, channel: str) -> int:
    """Subscribers of a channel. Raises Refused if there is no such channel."""
    if (count := tx.subscribers.get(channel)) is not None:
        return count
    row = tx.connection.execute(_COUNT_SUBSCRIBERS, {"name": channel}).fetchone()
    if row is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no channel {channel!r}: create it first", channel=channel
        )
    tx.subscribers[channel] = row[0]
    return int(row[0])


def _earlier(tx: Transaction, op: SaveMessage) -> Saved | None:
    """The receipt of the first message with this id, if there is one. Raises Refused."""
    tx.flush()
    row = tx.connection.execute(_FIND_SAVED, (op.id,)).fetchone()
    if row is None:
        return None
    seq, timestamp, sender, recipient_id, channel, kind, body, reply_to, headers, in_session = row
    recipient = tx.bots.find(tx.connection, op.to) if op.to is not None else None
    same = (
        sender == op.sender_id
        and channel == op.channel
        and (recipient.id if recipient else None) == recipient_id
        and kind == op.type
        and reply_to == op.reply_to
        and in_session == op.session_id
        and _same_json(body, op.body)
        and _same_json(headers, op.headers)
    )
    if not same:
        raise Refused(
            Code.CONFLICT,
            f"the id {op.id} belongs to another message: give every message an id of its own",
            seq=seq,
        )
    return Saved(
        id=op.id,
        seq=seq,
        timestamp=timestamp,
        duplicate=True,
        recipient_id=recipient_id,
        recipient_name=recipient.name if recipient else None,
        known=recipient.seen if recipient else True,
        subscribers=count_subscribers(tx, channel) if channel is not None else 0,
    )


def _same_json(stored: str | None, sent: str | None) -> bool:
    if stored == sent:
        return True
    if stored is None or sent is None:
        return False
    return bool(msgspec.json.decode(stored) == msgspec.json.decode(sent))


def recall_message(tx: Transaction, op: RecallMessage) -> Recalled:
    """Raises Refused: `not_found`, `denied` (not the sender), `illegal_state` (handed out)."""
    tx.flush()
    row = tx.connection.execute(_FIND_TO_RECALL, (op.id,)).fetchone()
    if row is None:
        raise Refused(Code.NOT_FOUND, f"there is no message {op.id}: nothing to recall")
    seq, sender, recalled, holder = row
    if sender != op.sender_id:
        raise Refused(Code.DENIED, "only the sender of a message may recall it")
    if recalled:
        return Recalled(seq=seq, changed=False)
    if holder is not None:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"message {op.id} was already delivered to {holder}: it cannot be recalled",
            delivered_to=holder,
        )
    tx.connection.execute(_RECALL, (seq, tx.now))
    tx.connection.execute(_FORGET_DELAYED, (seq,))
    return Recalled(seq=seq, changed=True)
