"""Finishing attempts of steps: the checkpoint of a run, and the busiest operation of them all.

An attempt need not have been begun. A first attempt of a step that changes nothing but itself is
gathered, and many are written by one statement, which looks at the lease of each; if one of them may
not be written, or its run needs more than that, the transaction is done again with care.
"""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import new_id
from botbus_storage.workflow_operations import Checkpointed, FinishStep
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import context, step_rows, waits
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.moments import later
from botbus_storage.writing.workflows.pauses import pause_at_checkpoint
from botbus_storage.writing.workflows.run_rows import RunRow, held_run, save
from botbus_storage.writing.workflows.step_rows import NewStep, StepRow

_RESULT = "SELECT output FROM workflow_steps WHERE seq = ?"
CHECKPOINTED = Checkpointed()


def finish_step(tx: Transaction, op: FinishStep) -> Checkpointed:
    """Raises Refused: `not_found`, `lease_lost`, `illegal_state`, `too_large`; through the transaction
    Collision.
    """
    if tx.careful or op.attempt != 1 or op.context or _is_large(op):
        tx.flush_steps()
        return _finish_with_care(tx, op)
    tx.steps.append(
        (
            new_id(),
            op.run,
            op.step,
            op.name or op.step,
            op.kind,
            op.status,
            int(op.final),
            f"{op.run}/{op.step}",
            op.input or "",
            step_rows.hash_of(op.input),
            op.output or "",
            op.error or "",
            op.lease,
            later(tx.now, -op.elapsed),
        )
    )
    return CHECKPOINTED


def _is_large(op: FinishStep) -> bool:
    return bool(op.output_limit and op.output and context.size_of(op.output) * 2 > op.output_limit)


def _finish_with_care(tx: Transaction, op: FinishStep) -> Checkpointed:
    run = held_run(tx, op.run, op.lease)
    attempts = step_rows.counting(tx, op.run, op.step)
    if _is_repeat(tx, attempts, op):
        return Checkpointed(changed=False, pausing=False)
    if attempts and attempts[-1].finished:
        raise step_rows.finished_already(attempts[-1])
    size = context.size_after(tx, run, op.context, op.context_limit)
    _write(tx, attempts, op)
    return _go_on(tx, run, op, size)


def _is_repeat(tx: Transaction, attempts: list[StepRow], op: FinishStep) -> bool:
    """Whether this very outcome is stored already, by this holder."""
    return any(
        step.lease == op.lease
        and step.status == op.status
        and step.error == op.error
        and bool(step.final) == op.final
        and (step.finished or step.attempt == op.attempt)
        and tx.connection.execute(_RESULT, (step.seq,)).fetchone()[0] == op.output
        for step in attempts
    )


def _write(tx: Transaction, attempts: list[StepRow], op: FinishStep) -> None:
    last = attempts[-1] if attempts else None
    if last is not None and last.open:
        if last.lease == op.lease or last.status != "running":
            waits.end_of_step(tx, op.run, op.step)
            if last.status == "pending":
                last = step_rows.move(tx, last, "running", op.lease)
            step_rows.finish(
                tx,
                last,
                op.status,
                lease=op.lease,
                output=op.output,
                error=op.error,
                final=op.final,
            )
            return
        step_rows.give_up(tx, last)
        waits.end_of_step(tx, op.run, op.step)
    step_rows.add(tx, _attempt(tx, op, last.attempt + 1 if last is not None else 1))


def _attempt(tx: Transaction, op: FinishStep, attempt: int) -> NewStep:
    return NewStep(
        run=op.run,
        step=op.step,
        name=op.name,
        kind=op.kind,
        status=op.status,
        attempt=attempt,
        final=op.final,
        input=op.input,
        output=op.output,
        error=op.error,
        lease=op.lease,
        started_at=later(tx.now, -op.elapsed),
        completed_at=tx.now,
    )


def _go_on(tx: Transaction, run: RunRow, op: FinishStep, size: int) -> Checkpointed:
    """What a finished attempt means for its run."""
    after = Consequences(tx)
    passed = op.context_limit and run.context_bytes * 2 <= op.context_limit < size * 2
    if op.context:
        context.change(tx, run, op.context, size)
    if _is_large(op):
        after.tell("run.large", run, step=op.step, output_bytes=context.size_of(op.output or ""))
    if passed:
        after.tell("run.large", run, context_bytes=size)
    pausing = end_attempt(tx, run, after, finished=op.status != "failed" or op.final)
    return Checkpointed(
        pausing=pausing, context_bytes=size if passed else 0, aftermath=after.aftermath
    )


def end_attempt(tx: Transaction, run: RunRow, after: Consequences, *, finished: bool) -> bool:
    """Whether the run was paused at this checkpoint. A finished step ends a row of crashes."""
    if finished and run.crashes:
        run.crashes = 0
        if not run.pausing:
            save(tx, run)
    return pause_at_checkpoint(tx, run, after)


def require_open(step: StepRow) -> None:
    """Raises Refused (`illegal_state`) for an attempt that a retry of its run has set aside."""
    if step.superseded:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"attempt {step.id} of step {step.step_id} counts no more, for its run was retried",
        )
