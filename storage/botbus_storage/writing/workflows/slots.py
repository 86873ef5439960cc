"""Concurrency keys: at most so many unfinished runs of a key have a slot; the others queue for one.

A run keeps its slot until it has ended, whatever it waits for meanwhile. Whenever a run that may have
had one ends, the next in the queue get theirs in the same transaction, so a queued run always stands
behind somebody who has a slot.
"""

from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import waits
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import COLUMNS, RunRow, save

UNFINISHED = "status IN ('pending', 'running', 'paused', 'crashed')"
HOLDERS = f"""
    SELECT count(*) FROM workflow_runs
    WHERE concurrency_key = ? AND has_slot = 1 AND {UNFINISHED}
"""
AHEAD = f"""
    SELECT 1 FROM workflow_runs
    WHERE concurrency_key = ? AND has_slot = 0 AND priority >= ? AND {UNFINISHED} LIMIT 1
"""
NEXT = f"""
    SELECT {COLUMNS} FROM workflow_runs r
    WHERE r.concurrency_key = ? AND r.has_slot = 0 AND r.{UNFINISHED}
    ORDER BY r.priority DESC, r.seq LIMIT 1
"""


def has_room(tx: Transaction, run: RunRow) -> bool:
    """Whether a run that joins now gets a slot of its key at once; it is not in the queue yet."""
    if run.concurrency_key is None:
        return True
    if _holders(tx, run.concurrency_key) >= run.concurrency_limit:
        return False
    ahead = tx.connection.execute(AHEAD, (run.concurrency_key, run.priority)).fetchone()
    return ahead is None


def hand_on(tx: Transaction, key: str | None, after: Consequences) -> None:
    """Gives free slots of a key to the runs that are next."""
    while key is not None:
        row = tx.connection.execute(NEXT, (key,)).fetchone()
        if row is None:
            return
        run = RunRow(*row)
        if _holders(tx, key) >= run.concurrency_limit:
            return
        run.has_slot = 1
        offer(tx, run, after)
        save(tx, run)


def offer(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """Makes a run claimable, unless it waits for its slot or a time, or is in no state to be."""
    run.ready = int(
        run.status in {"pending", "crashed"}
        and bool(run.has_slot)
        and not waits.waits_for_a_start(tx, run)
    )
    if run.ready:
        after.ready(run.workflow_id)


def _holders(tx: Transaction, key: str) -> int:
    return int(tx.connection.execute(HOLDERS, (key,)).fetchone()[0])
