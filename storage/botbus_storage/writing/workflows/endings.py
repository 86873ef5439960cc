"""The end of a run, whoever brings it about: everything that hangs on it is settled at once.

Its waits are over, its open steps are closed, its slot goes to the next, whoever waits for it goes on,
and, if it was stopped from outside, so are the runs that work for it.
"""

from collections import deque

from botbus_protocol.run_events import RunEventType
from botbus_protocol.states import RunStatus
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, step_rows, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import COLUMNS, RunRow, save

_EVENTS: dict[RunStatus, RunEventType] = {
    "completed": "run.completed",
    "failed": "run.failed",
    "cancelled": "run.cancelled",
}
_RESULT_OF = "SELECT result FROM workflow_runs WHERE seq = ?"
CHILDREN = f"""
    SELECT {COLUMNS} FROM workflow_runs r WHERE r.parent_run_id = ? AND r.{slots.UNFINISHED}
"""


def end(
    tx: Transaction,
    run: RunRow,
    status: RunStatus,
    after: Consequences,
    *,
    error: str | None = None,
    result: str | None = None,
    holder: str | None = None,
) -> None:
    """Ends a run; `holder`: the lease of whoever asks, if it is the run's.

    Raises Refused (`illegal_state`) before anything is written.
    """
    lease = run.lease
    run.move(status)
    if lease is not None and lease != holder:
        after.lost(run, lease, status)
    _settle(tx, run, error, result, after)
    if lease is not None:
        wakes.make_room(tx, run, after)


def stop(
    tx: Transaction,
    run: RunRow,
    status: RunStatus,
    after: Consequences,
    *,
    error: str | None = None,
    holder: str | None = None,
) -> None:
    """Ends a run from outside, and cancels the unfinished runs that work for it, and for those."""
    end(tx, run, status, after, error=error, holder=holder)
    parents = deque([run.id])
    while parents:
        rows = tx.connection.execute(CHILDREN, (parents.popleft(),)).fetchall()
        for child in (RunRow(*row) for row in rows):
            end(tx, child, "cancelled", after, error=f"its parent {run.id} was stopped")
            parents.append(child.id)


def _settle(
    tx: Transaction, run: RunRow, error: str | None, result: str | None, after: Consequences
) -> None:
    run.ready = run.held = 0
    run.error = error
    run.completed_at = tx.now
    save(tx, run, result)
    waits.end_all(tx, run.id)
    step_rows.close_all(tx, run.id, f"the run was {run.status}")
    after.tell(_EVENTS[run.status], run)
    after.ended(run)
    slots.hand_on(tx, run.concurrency_key, after)
    _tell_waiting(tx, run, after)


def _tell_waiting(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """Those who wait for this run go on with its result, or with its error."""
    waiting = waits.for_child(tx, run.id)
    if not waiting:
        return
    result = tx.connection.execute(_RESULT_OF, (run.seq,)).fetchone()[0]
    for wait in waiting:
        wakes.fulfil(tx, wait, wakes.of_child(run, result), after)
