"""Deleting finished runs, a few at a time, so that nobody waits long for the writer."""

from botbus_storage.workflow_operations import Moved, PruneRuns
from botbus_storage.writing.transaction import Transaction

MOST_ROWS = 1000
"""Rows after which one operation stops: some milliseconds. A run is deleted whole, or not yet."""

_DELETE = """
    DELETE FROM workflow_runs WHERE seq = ? AND status IN ('completed', 'failed', 'cancelled')
"""


def prune_runs(tx: Transaction, op: PruneRuns) -> Moved:
    before = tx.connection.total_changes  # counts the rows of steps that go with a run
    count = 0
    for seq in op.seqs:
        count += tx.connection.execute(_DELETE, (seq,)).rowcount
        if tx.connection.total_changes - before >= MOST_ROWS:
            break
    return Moved(count=count)
