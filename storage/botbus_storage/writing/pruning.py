"""Deleting messages that are not to be kept any longer, and giving the pages they leave to the disk.

What is to go was found by a reader a moment ago; whether it still may is decided here, in the
transaction that deletes it. A message goes whole: its deliveries, its recall, its row, and a count of
those who did not get it.
"""

import json

from botbus_storage.operations import Changed
from botbus_storage.reading.deletable import deletable_of
from botbus_storage.retention_operations import FreePages, Pruned, PruneMessages
from botbus_storage.writing.transaction import Transaction

_UNSETTLED = """
    SELECT d.bot_id, sum(d.state = 'waiting'), sum(d.state = 'dead'), max(d.seq)
    FROM json_each(:seqs) j CROSS JOIN bot_deliveries d ON d.seq = j.value
    WHERE d.state IN ('waiting', 'dead') GROUP BY d.bot_id
"""
_PENDING = """
    SELECT s.bot_id, count(*), 0, max(m.seq)
    FROM {recipients} s
    CROSS JOIN json_each(:seqs) j CROSS JOIN bot_messages m ON m.seq = j.value
    WHERE {of_source} AND m.seq > s.cursor AND (m.expires_at IS NULL OR m.expires_at > :now)
    AND NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = s.bot_id)
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
    GROUP BY s.bot_id
"""
_PENDING_DIRECT = _PENDING.format(
    recipients="(SELECT id AS bot_id, cursor FROM bots WHERE id = :source)",
    of_source="m.recipient_bot_id = s.bot_id",
)
_PENDING_IN_CHANNEL = _PENDING.format(
    recipients="(SELECT bot_id, cursor FROM bot_subscriptions WHERE channel_name = :source)",
    of_source="m.recipient_channel = :source",
)
_COUNT_LOSS = """
    INSERT INTO bot_losses (bot_id, channel_name, undelivered, dead, last_seq, last_at)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (bot_id, channel_name) DO UPDATE SET
        undelivered = undelivered + excluded.undelivered, dead = dead + excluded.dead,
        last_seq = max(last_seq, excluded.last_seq), last_at = excluded.last_at
"""
_DELETE = (
    "DELETE FROM bot_deliveries WHERE seq IN (SELECT value FROM json_each(?))",
    "DELETE FROM bot_recalls WHERE seq IN (SELECT value FROM json_each(?))",
    "DELETE FROM bot_messages WHERE seq IN (SELECT value FROM json_each(?))",
)


def prune_messages(tx: Transaction, op: PruneMessages) -> Pruned:
    tx.flush()
    seqs = deletable_of(tx.connection, op.source, op.guard, json.dumps(op.seqs))
    if not seqs:
        return Pruned(seqs=())
    these = json.dumps(seqs)
    undelivered, dead = _count_losses(tx, op, these)
    for statement in _DELETE:
        tx.connection.execute(statement, (these,))
    return Pruned(seqs=tuple(seqs), undelivered=undelivered, dead=dead)


def _count_losses(tx: Transaction, op: PruneMessages, these: str) -> tuple[int, int]:
    """Notes who does not get what is deleted; how many deliveries, how many dead letters."""
    channel = op.source.channel
    losses = tx.connection.execute(_UNSETTLED, {"seqs": these}).fetchall()
    if op.guard.undelivered == "drop":
        source = op.source.recipient_id if channel is None else channel
        statement = _PENDING_DIRECT if channel is None else _PENDING_IN_CHANNEL
        parameters = {"seqs": these, "source": source, "now": tx.now}
        losses += tx.connection.execute(statement, parameters).fetchall()
    for bot_id, undelivered, dead, last in losses:
        tx.connection.execute(_COUNT_LOSS, (bot_id, channel or "", undelivered, dead, last, tx.now))
    return sum(loss[1] for loss in losses), sum(loss[2] for loss in losses)


def free_pages(tx: Transaction, op: FreePages) -> Changed:
    """A page at a time: sqlite3 goes no more than one step into a statement that gives no rows."""
    before = _unused(tx)
    for _ in range(min(op.pages, before)):
        tx.connection.execute("PRAGMA incremental_vacuum(1)")
    freed = before - _unused(tx)
    return Changed(changed=freed > 0, count=freed)


def _unused(tx: Transaction) -> int:
    return int(tx.connection.execute("PRAGMA freelist_count").fetchone()[0])
