"""Verdicts on steps that wait for approval, each bound to the input that was shown."""

from typing import Any

import msgspec

from botbus_protocol.errors import Code, Refused
from botbus_storage.workflow_operations import DecideStep, SteppedLog
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import step_rows, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import find_run
from botbus_storage.writing.workflows.step_rows import StepRow

_to_json = msgspec.json.Encoder().encode


def verdict(*, approved: bool, by: str = "", comment: str = "", expired: bool = False) -> str:
    """The output of a step that was decided, as JSON text."""
    said = {"approved": approved, "by": by, "comment": comment, "expired": expired}
    return _to_json(said).decode()


def decide_step(tx: Transaction, op: DecideStep) -> SteppedLog:
    """Raises Refused: `not_found`, `illegal_state`, `conflict`."""
    run = find_run(tx, op.run)
    attempts = step_rows.counting(tx, op.run, op.step)
    if not attempts:
        raise Refused(Code.NOT_FOUND, f"run {op.run} has no step {op.step}: it was not begun")
    step = attempts[-1]
    if step.status != "waiting_approval":
        return _decided(tx, step, op)
    _check_input(step, op)
    after = Consequences(tx)
    waits.end_of_step(tx, op.run, op.step)
    output = verdict(approved=op.approved, by=op.by, comment=op.comment)
    wakes.finish(tx, run, op.step, wakes.Ending("completed", output=output), after)
    return SteppedLog(step=step_rows.record_of(tx, step.seq), aftermath=after.aftermath)


def _check_input(step: StepRow, op: DecideStep) -> None:
    if step.input_hash != op.input_hash:
        raise Refused(
            Code.CONFLICT,
            f"step {op.step} waits for approval of another input than the one that was decided on: "
            "look at it again",
            input_hash=step.input_hash,
        )


def _decided(tx: Transaction, step: StepRow, op: DecideStep) -> SteppedLog:
    """A verdict on what was decided already. Raises Refused, unless it is the same."""
    said = _verdict_of(tx, step)
    if said is None:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"step {op.step} is {step.status} and waits for no approval",
            **{"from": step.status},
        )
    _check_input(step, op)
    if said["expired"] or said["approved"] != op.approved:
        how = "its time was over" if said["expired"] else "it was decided otherwise"
        raise Refused(
            Code.CONFLICT, f"step {op.step} waits for no approval any more, for {how}", **said
        )
    return SteppedLog(step=step_rows.record_of(tx, step.seq), changed=False)


def _verdict_of(tx: Transaction, step: StepRow) -> dict[str, Any] | None:
    if step.status != "completed" or (text := step_rows.output_of(tx, step)) is None:
        return None
    said = msgspec.json.decode(text)
    keys = {"approved", "by", "comment", "expired"}
    return said if isinstance(said, dict) and set(said) == keys else None
