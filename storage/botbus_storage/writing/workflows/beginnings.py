"""Beginning a step: its result if it has one, else the permission to run it, or what it waits for.

A finished step is never begun again. What was running under an earlier lease has died with its worker
and is counted as a failed attempt.
"""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.states import StepStatus
from botbus_storage.workflow_operations import BeginStep, BegunStep, StepWait
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import step_rows, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.moments import later
from botbus_storage.writing.workflows.pauses import pause_at_checkpoint
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, held_run
from botbus_storage.writing.workflows.step_rows import NewStep, StepRow

_TAKEN = """
    SELECT max(json_extract(output, '$.seq')) FROM workflow_steps
    WHERE run_id = ? AND status = 'completed' AND kind <> 'step'
    AND json_type(output) = 'object' AND json_extract(output, '$.channel') = ?
"""
_RESULT = "SELECT result FROM workflow_runs WHERE seq = ?"


def begin_step(tx: Transaction, op: BeginStep) -> BegunStep:
    """Raises Refused: `not_found`, `lease_lost`, `illegal_state`."""
    run = held_run(tx, op.run, op.lease)
    attempts = step_rows.counting(tx, op.run, op.step)
    last = attempts[-1] if attempts else None
    if op.elapsed is not None or _runs_already(last, op):
        run.pausing = 0  # not in the middle of a step: it pauses when that is done
    if last is not None and last.finished:
        return _answer(tx, run, last.seq)
    if last is not None and (waiting := waits.of_step(tx, op.run, op.step)) is not None:
        return _answer(tx, run, last.seq, waiting.step_wait, waiting.after_seq)
    if op.wait is not None:
        return _begin_to_wait(tx, run, last, op, op.wait)
    seq = _open(tx, last, op, "pending" if run.pausing else "running")
    return _answer(tx, run, seq, permitted=not run.pausing)


def _runs_already(last: StepRow | None, op: BeginStep) -> bool:
    return last is not None and last.status == "running" and last.lease == op.lease


def _answer(
    tx: Transaction,
    run: RunRow,
    seq: int,
    wait: StepWait | None = None,
    after_seq: int = 0,
    *,
    permitted: bool = False,
) -> BegunStep:
    after = Consequences(tx)
    after.due(wait.due_at if wait else None)
    pausing = pause_at_checkpoint(tx, run, after)
    return BegunStep(
        step=step_rows.record_of(tx, seq),
        permitted=permitted,
        pausing=pausing,
        wait=wait,
        after_seq=after_seq,
        aftermath=after.aftermath,
    )


def _open(tx: Transaction, last: StepRow | None, op: BeginStep, status: StepStatus) -> int:
    """The seq of the attempt that is open now: the last one if it can be, else a further one."""
    if last is not None and last.open:
        if last.status == "pending" or last.lease == op.lease:
            kind = _kind(op)
            if (last.status, last.kind) != (status, kind):
                step_rows.move(tx, last, status, op.lease, kind)
            return last.seq
        step_rows.give_up(tx, last)
    return step_rows.add(tx, _new_attempt(tx, last, op, status))


def _kind(op: BeginStep) -> str:
    """What waits is never of kind `step`."""
    return op.wait.kind if op.wait is not None and op.kind == "step" else op.kind


def _new_attempt(
    tx: Transaction, last: StepRow | None, op: BeginStep, status: StepStatus
) -> NewStep:
    return NewStep(
        run=op.run,
        step=op.step,
        name=op.name,
        kind=_kind(op),
        status=status,
        attempt=last.attempt + 1 if last is not None else 1,
        input=op.input,
        lease=op.lease,
        started_at=None if status == "pending" else later(tx.now, -(op.elapsed or 0.0)),
    )


def _begin_to_wait(
    tx: Transaction, run: RunRow, last: StepRow | None, op: BeginStep, wait: StepWait
) -> BegunStep:
    child = _child_of(tx, run, wait)
    seq = _open(tx, last, op, "waiting_approval" if wait.kind == "approval" else "running")
    if child is not None and child.ended:
        result = tx.connection.execute(_RESULT, (child.seq,)).fetchone()[0]
        ending = wakes.of_child(child, result)
        step_rows.finish(
            tx,
            step_rows.counting(tx, op.run, op.step)[-1],
            ending.status,
            lease=op.lease,
            output=ending.output,
            error=ending.error,
            final=ending.status == "failed",
        )
        return _answer(tx, run, seq)
    after_seq = _after_seq(tx, run, wait)
    waits.add(tx, run, op.step, wait, after_seq)
    return _answer(tx, run, seq, wait, after_seq)


def _child_of(tx: Transaction, run: RunRow, wait: StepWait) -> RunRow | None:
    """Raises Refused (`not_found`, `illegal_state`)."""
    if wait.child is None:
        return None
    if wait.child == run.id:
        raise Refused(Code.ILLEGAL_STATE, f"run {run.id} cannot wait for its own end")
    return find_run(tx, wait.child)


def _after_seq(tx: Transaction, run: RunRow, wait: StepWait) -> int:
    """The message after which a wait looks into its channel: the last one that this run has taken
    from there, or the newest one when the run was made.
    """
    if wait.channel is None:
        return 0
    taken = tx.connection.execute(_TAKEN, (run.id, wait.channel)).fetchone()[0]
    return max(run.start_seq, taken or 0)
