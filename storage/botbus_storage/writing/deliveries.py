"""What became of deliveries, dead letters, and how far mailboxes are accounted for."""

from typing import Any

from botbus_protocol.errors import Code, Refused
from botbus_storage.operations import (
    CHANGED,
    MOST_DEAD,
    UNCHANGED,
    Changed,
    DropDead,
    MoveCursors,
    RecordDelivery,
    ReplayDead,
    SettleUnknown,
    Touched,
)
from botbus_storage.writing.transaction import Transaction

_FIND = """
    SELECT state, lease, attempts, holder_pid, first_fetched_at, fetched_at
    FROM bot_deliveries WHERE seq = ? AND bot_id = ?
"""
_ADDRESSED = """
    SELECT 1 FROM bot_messages m
    WHERE m.seq = :seq AND (
        m.recipient_bot_id = :bot OR EXISTS (
            SELECT 1 FROM bot_subscriptions s
            WHERE s.bot_id = :bot AND s.channel_name = m.recipient_channel))
"""
_MOVE_DIRECT = "UPDATE bots SET cursor = max(cursor, ?) WHERE id = ?"
_MOVE_CHANNEL = """
    UPDATE bot_subscriptions SET cursor = max(cursor, ?) WHERE bot_id = ? AND channel_name = ?
"""
_DEAD = """
    SELECT seq FROM bot_deliveries WHERE bot_id = ? AND state = 'dead' ORDER BY seq LIMIT ?
"""
_REPLAY = """
    UPDATE bot_deliveries
    SET state = 'waiting', attempts = 0, lease = NULL, due_at = ?, settled_at = NULL, reason = NULL
    WHERE seq = ? AND bot_id = ? AND state = 'dead'
"""
_ACK_DEAD = """
    UPDATE bot_deliveries SET state = 'acked', settled_at = ?, reason = NULL
    WHERE seq = ? AND bot_id = ? AND state = 'dead'
"""
_DROP = """
    UPDATE bot_deliveries SET state = 'dropped', settled_at = ?
    WHERE seq = ? AND bot_id = ? AND state = 'dead'
"""


def record_delivery(tx: Transaction, op: RecordDelivery) -> Changed:
    final = op.state not in {"leased", "waiting"}
    tx.deliveries.append(
        (
            op.seq,
            op.bot_id,
            op.state,
            op.attempts,
            op.lease or "",
            op.holder_pid or "",
            op.first_fetched_at or "",
            op.fetched_at or "",
            "" if final else op.due_at or "",
            tx.now if final else "",
            op.reason or "",
        )
    )
    return CHANGED


def settle_unknown(tx: Transaction, op: SettleUnknown) -> Changed:
    """Raises Refused: `lease_lost` if it passed to another, `not_found` if it never was."""
    tx.flush()
    row = tx.connection.execute(_FIND, (op.seq, op.bot_id)).fetchone()
    if row is None:
        return _settle_unrecorded(tx, op)
    state, lease, attempts, *times = row
    if lease != op.lease:
        raise lease_lost(op.seq)
    if state == "dead" and op.state == "acked":
        # It was given up while its holder was still at it, and now it is done after all.
        tx.connection.execute(_ACK_DEAD, (tx.now, op.seq, op.bot_id))
        return CHANGED
    if state in op.FINAL or state == op.state:
        return UNCHANGED
    return _settle(tx, op, attempts if op.counts else max(0, attempts - 1), times)


def _settle_unrecorded(tx: Transaction, op: SettleUnknown) -> Changed:
    addressed = tx.connection.execute(_ADDRESSED, {"seq": op.seq, "bot": op.bot_id}).fetchone()
    if addressed is None or not op.vouched:
        raise Refused(
            Code.NOT_FOUND,
            f"message {op.seq} was never delivered to this bot: settle only what was fetched",
            seq=op.seq,
        )
    return _settle(tx, op, 1 if op.counts else 0, [None, None, None])


def _settle(tx: Transaction, op: SettleUnknown, attempts: int, times: list[Any]) -> Changed:
    holder_pid, first_fetched_at, fetched_at = times
    return record_delivery(
        tx,
        RecordDelivery(
            seq=op.seq,
            bot_id=op.bot_id,
            state=op.state,
            attempts=attempts,
            lease=op.lease,
            holder_pid=holder_pid,
            first_fetched_at=first_fetched_at,
            fetched_at=fetched_at,
            due_at=op.due_at,
            reason=op.reason,
        ),
    )


def lease_lost(seq: int) -> Refused:
    return Refused(
        Code.LEASE_LOST,
        f"the lease on message {seq} has ended and it was offered again: do not settle it",
        seq=seq,
    )


def move_cursors(tx: Transaction, op: MoveCursors) -> Changed:
    tx.connection.execute(_MOVE_DIRECT, (op.direct, op.bot_id))
    for channel, cursor in op.channels.items():
        tx.connection.execute(_MOVE_CHANNEL, (cursor, op.bot_id, channel))
    return CHANGED


def replay_dead(tx: Transaction, op: ReplayDead) -> Touched:
    return _touch(tx, op.bot_id, op.seqs, _REPLAY)


def drop_dead(tx: Transaction, op: DropDead) -> Touched:
    return _touch(tx, op.bot_id, op.seqs, _DROP)


def _touch(tx: Transaction, bot_id: str, seqs: list[int] | None, statement: str) -> Touched:
    tx.flush()
    if seqs is None:
        rows = tx.connection.execute(_DEAD, (bot_id, MOST_DEAD)).fetchall()
        seqs = [row[0] for row in rows]
    execute = tx.connection.execute
    touched = [s for s in seqs if execute(statement, (tx.now, s, bot_id)).rowcount == 1]
    return Touched(seqs=touched)
