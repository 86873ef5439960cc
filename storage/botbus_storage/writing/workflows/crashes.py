"""Runs whose holder is gone: offered again, at once or after a while, or given up.

The first few crashes in a row may be anybody's fault, so the run is offered again at once; one that
takes its workers down with it waits longer each time, and in the end has failed.
"""

from botbus_storage.workflow_operations import CrashRuns, Moved, RecoverRuns
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.endings import stop
from botbus_storage.writing.workflows.moments import later
from botbus_storage.writing.workflows.pauses import pause
from botbus_storage.writing.workflows.run_rows import COLUMNS, RunRow, save, seek_run

AT_ONCE = 3
"""Crashes in a row after which a run is offered again at once."""
FIRST_BACKOFF = 1.0
MOST_BACKOFF = 60.0
"""Seconds; the backoff doubles with every further crash."""

_RUNNING = f"SELECT {COLUMNS} FROM workflow_runs r WHERE r.status = 'running' ORDER BY r.seq"


def crash_runs(tx: Transaction, op: CrashRuns) -> Moved:
    after = Consequences(tx)
    count = 0
    for run_id, lease in op.leases:
        run = seek_run(tx, run_id)
        if run is not None and run.lease == lease:
            crash(tx, run, op.why, op.most_crashes, after)
            after.lost(run, lease, run.status)
            count += 1
    return Moved(count=count, aftermath=after.aftermath)


def recover_runs(tx: Transaction, op: RecoverRuns) -> Moved:
    after = Consequences(tx)
    rows = tx.connection.execute(_RUNNING).fetchall()
    for row in rows:
        crash(tx, RunRow(*row), "the daemon was stopped", op.most_crashes, after)
    return Moved(count=len(rows), aftermath=after.aftermath)


def crash(
    tx: Transaction, run: RunRow, why: str, most_crashes: int | None, after: Consequences
) -> None:
    """Takes a running run from its holder; it is known why."""
    run.crashes += 1
    run.error = why
    if run.pausing:
        pause(tx, run, after)
    elif most_crashes is not None and run.crashes >= most_crashes:
        stop(tx, run, "failed", after, error=_given_up(run, why), holder=run.lease)
    else:
        run.move("crashed")
        _offer_again(tx, run, after)


def _offer_again(tx: Transaction, run: RunRow, after: Consequences) -> None:
    if (further := run.crashes - AT_ONCE) > 0:
        due_at = later(tx.now, min(MOST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(further - 1, 30)))
        waits.add_of_run(tx, run, "backoff", due_at)
        after.due(due_at)
    slots.offer(tx, run, after)
    save(tx, run)
    after.tell("run.crashed", run)
    wakes.make_room(tx, run, after)


def _given_up(run: RunRow, why: str) -> str:
    return (
        f"its worker died {run.crashes} times in a row before a step was finished ({why}): "
        "find out what kills it, then retry the run"
    )
