"""Letting go of a run that waits: nobody holds it until something has come."""

from botbus_storage.workflow_operations import MovedRun, SuspendRun
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.pauses import pause_at_checkpoint
from botbus_storage.writing.workflows.run_rows import RunRow, held_run, record_of, save


def suspend_run(tx: Transaction, op: SuspendRun) -> MovedRun:
    """Raises Refused: `not_found`, `lease_lost`."""
    run = held_run(tx, op.id, op.lease)
    after = Consequences(tx)
    if op.due_at is not None:
        waits.add_of_run(tx, run, "backoff", op.due_at)
        after.due(op.due_at)
    if not pause_at_checkpoint(tx, run, after):
        _let_go(tx, run, op.heard, after)
    return MovedRun(run=record_of(tx, op.id), aftermath=after.aftermath)


def _let_go(tx: Transaction, run: RunRow, heard: int, after: Consequences) -> None:
    """Offers it again at once if a wait has ended that its holder may not have heard of, or if
    nothing would ever wake it.
    """
    if run.arrived > heard or not waits.waits_for_anything(tx, run):
        waits.end(tx, run.id, "", "backoff")
        run.move("pending")
        slots.offer(tx, run, after)
        save(tx, run)
    else:
        run.move("paused")
        save(tx, run)
        after.tell("run.waiting", run, waits=waits.described(tx, run))
    wakes.make_room(tx, run, after)
