"""A run that a person pauses is held: no wait, crash or timer takes it up again, only `resume`."""

from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import RunRow, save


def pause(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """Pauses a run that nobody holds, or whose holder is at a checkpoint. Raises Refused."""
    running = run.status == "running"
    if run.status != "paused":
        run.move("paused")
    run.held, run.ready = 1, 0
    save(tx, run)
    after.tell("run.paused", run)
    if running:
        wakes.make_room(tx, run, after)


def pause_at_checkpoint(tx: Transaction, run: RunRow, after: Consequences) -> bool:
    """Pauses a run if somebody asked for it while it was running; whether it was."""
    if not run.pausing:
        return False
    pause(tx, run, after)
    return True
