"""Attempts of steps as they are told, for workers that keep their own books.

Whoever holds the run writes them, under the same rules as any other attempt: one open attempt at a
time, none after a finished one, numbered without gaps.
"""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.states import STEP_ENDS
from botbus_storage.workflow_operations import (
    CreateStepLog,
    SteppedLog,
    StepWait,
    UpdateStepStatus,
)
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import step_rows, waits
from botbus_storage.writing.workflows.checkpoints import end_attempt, require_open
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, lease_lost
from botbus_storage.writing.workflows.step_rows import NewStep, StepRow

_APPROVAL = StepWait(kind="approval")


def create_step_log(tx: Transaction, op: CreateStepLog) -> SteppedLog:
    """Raises Refused: `not_found`, `conflict`, `lease_lost`, `illegal_state`."""
    run = find_run(tx, op.run)
    if (earlier := step_rows.seek_step(tx, op.id)) is not None:
        return _repeated(tx, earlier, op)
    _require_held(run, op.lease)
    attempts = step_rows.counting(tx, op.run, op.step)
    _check_attempt(attempts, op)
    if attempts and attempts[-1].open:
        step_rows.give_up(tx, attempts[-1])
        waits.end_of_step(tx, op.run, op.step)
    seq = step_rows.add(tx, _attempt(tx, run, op))
    return _wrote(tx, run, seq)


def _repeated(tx: Transaction, earlier: StepRow, op: CreateStepLog) -> SteppedLog:
    if (earlier.run_id, earlier.step_id, earlier.attempt) != (op.run, op.step, op.attempt):
        raise Refused(
            Code.CONFLICT,
            f"the id {op.id} belongs to attempt {earlier.attempt} of step {earlier.step_id} of run "
            f"{earlier.run_id}: give every attempt an id of its own",
        )
    return SteppedLog(step=step_rows.record_of(tx, earlier.seq), changed=False)


def _require_held(run: RunRow, lease: str | None) -> None:
    """Raises Refused (`lease_lost`, `illegal_state`)."""
    if run.lease is None and lease is None:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"run {run.id} is {run.status}, and steps are written while it is running: claim it",
            status=run.status,
        )
    if run.lease != lease:
        raise lease_lost(run)


def _check_attempt(attempts: list[StepRow], op: CreateStepLog) -> None:
    """Raises Refused (`conflict`, `illegal_state`)."""
    last = attempts[-1] if attempts else None
    following = last.attempt + 1 if last is not None else 1
    if op.attempt < following:
        raise Refused(
            Code.CONFLICT,
            f"attempt {op.attempt} of step {op.step} is there already: the next is {following}",
            attempt=following,
        )
    if last is not None and last.finished:
        raise step_rows.finished_already(last)
    if op.attempt > following or (last is not None and last.open and last.lease == op.lease):
        raise Refused(
            Code.ILLEGAL_STATE,
            f"step {op.step} has no attempt {op.attempt - 1} that has ended: attempts follow each "
            "other",
        )


def _attempt(tx: Transaction, run: RunRow, op: CreateStepLog) -> NewStep:
    return NewStep(
        id=op.id,
        run=op.run,
        step=op.step,
        name=op.name,
        kind="step",
        status=op.status,
        attempt=op.attempt,
        input=op.input,
        output=op.output,
        error=op.error,
        lease=run.lease,
        started_at=None if op.status == "pending" else tx.now,
        completed_at=tx.now if op.status in STEP_ENDS else None,
    )


def update_step_status(tx: Transaction, op: UpdateStepStatus) -> SteppedLog:
    """Raises Refused: `not_found`, `illegal_state`, `lease_lost`."""
    step = step_rows.seek_step(tx, op.id)
    if step is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no attempt {op.id} of a step: list_step_logs tells the ids"
        )
    if step.status == op.status and _says_nothing_new(tx, step, op):
        return SteppedLog(step=step_rows.record_of(tx, step.seq), changed=False)
    require_open(step)
    run = find_run(tx, step.run_id)
    _require_held(run, op.lease)
    _move(tx, step, op)
    return _wrote(tx, run, step.seq)


def _says_nothing_new(tx: Transaction, step: StepRow, op: UpdateStepStatus) -> bool:
    if step.open:
        return True
    return step.error == op.error and step_rows.output_of(tx, step) == op.output


def _move(tx: Transaction, step: StepRow, op: UpdateStepStatus) -> None:
    if op.status not in STEP_ENDS:
        step_rows.move(tx, step, op.status, op.lease)
        return
    step_rows.finish(tx, step, op.status, lease=op.lease, output=op.output, error=op.error)
    waits.end_of_step(tx, step.run_id, step.step_id)


def _wrote(tx: Transaction, run: RunRow, seq: int) -> SteppedLog:
    """What an attempt that was written means for its run."""
    step = step_rows.record_of(tx, seq)
    if step.status == "waiting_approval":
        waits.add(tx, run, step.step_id, _APPROVAL, 0)
    after = Consequences(tx)
    finished = step.status in {"completed", "skipped"}
    pausing = end_attempt(tx, run, after, finished=finished)
    return SteppedLog(step=step, pausing=pausing, aftermath=after.aftermath)
