"""What a step waited for has come: the step is finished with it, and its run goes on."""

from typing import Any

from msgspec import Struct

from botbus_protocol.states import StepStatus
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, step_rows, waits
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, save
from botbus_storage.writing.workflows.waits import WaitRow

_LIMITED = "SELECT 1 FROM workflows WHERE id = ? AND concurrency IS NOT NULL"


class Ending(Struct, frozen=True, gc=False):
    """How a step that waited is finished: it is never tried again."""

    status: StepStatus
    output: str | None = None
    error: str | None = None


def of_child(run: RunRow, result: str | None) -> Ending:
    if run.status == "completed":
        return Ending("completed", output=result)
    return Ending("failed", error=run.error or f"run {run.id} was {run.status}")


def fulfil(tx: Transaction, wait: WaitRow, ending: Ending, after: Consequences) -> bool:
    """Whether that was still waited for."""
    if not waits.end(tx, wait.run_id, wait.step_id, wait.kind):
        return False
    run = find_run(tx, wait.run_id)
    finish(tx, run, wait.step_id, ending, after)
    return True


def finish(tx: Transaction, run: RunRow, step_id: str, ending: Ending, after: Consequences) -> None:
    """Finishes the open attempt of a step that waits no more, and lets the run go on."""
    step = step_rows.counting(tx, run.id, step_id)[-1]
    step_rows.finish(
        tx,
        step,
        ending.status,
        lease=run.lease,
        output=ending.output,
        error=ending.error,
        final=ending.status == "failed",
    )
    _go_on(tx, run, step.seq, after)


def _go_on(tx: Transaction, run: RunRow, seq: int, after: Consequences) -> None:
    run.crashes = 0
    if run.lease is not None:
        run.arrived += 1
        after.arrived(run, run.lease, step_rows.record_of(tx, seq))
    elif run.status == "paused" and not run.held:
        waits.end(tx, run.id, "", "backoff")
        run.move("pending")
        slots.offer(tx, run, after)
    save(tx, run)


def make_room(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """A run is not running any more: of a workflow that limits those, another may be claimed."""
    values: tuple[Any, ...] = (run.workflow_id,)
    if tx.connection.execute(_LIMITED, values).fetchone() is not None:
        after.ready(run.workflow_id)
