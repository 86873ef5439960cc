"""The states of runs and steps, and which may follow which: one table each.

Everything that moves a run or a step asks `check_run_move` or `check_step_move`; docs/states.md draws
the tables, and a test holds page and tables together. A step's row is one attempt: it moves to its end
once, and a further attempt is a further row.
"""

from typing import Literal, get_args

from botbus_protocol.errors import Code, Refused

RunStatus = Literal["pending", "running", "paused", "completed", "failed", "crashed", "cancelled"]
StepStatus = Literal["pending", "running", "completed", "failed", "skipped", "waiting_approval"]

RUN_MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    "pending": frozenset({"running", "paused", "failed", "cancelled"}),
    "running": frozenset({"pending", "paused", "completed", "failed", "crashed", "cancelled"}),
    "paused": frozenset({"pending", "failed", "cancelled"}),
    "crashed": frozenset({"running", "paused", "failed", "cancelled"}),
    "completed": frozenset({"pending"}),
    "failed": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
}
"""What may follow. From an end there is only the way back to pending, by `retry_run`."""

STEP_MOVES: dict[StepStatus, frozenset[StepStatus]] = {
    "pending": frozenset({"running", "waiting_approval", "failed", "skipped"}),
    "running": frozenset({"completed", "failed", "skipped", "waiting_approval"}),
    "waiting_approval": frozenset({"completed", "failed", "skipped"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "skipped": frozenset(),
}

RUN_ENDS: frozenset[RunStatus] = frozenset({"completed", "failed", "cancelled"})
STEP_ENDS: frozenset[StepStatus] = frozenset({"completed", "failed", "skipped"})
RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
STEP_STATUSES: tuple[StepStatus, ...] = get_args(StepStatus)


def check_run_move(run: str, old: RunStatus, new: RunStatus) -> None:
    """Raises Refused (`illegal_state`) unless a run may go from one state to the other."""
    if new not in RUN_MOVES[old]:
        raise _illegal(f"run {run}", old, new)


def check_step_move(step: str, old: StepStatus, new: StepStatus) -> None:
    """Raises Refused (`illegal_state`) unless a step may go from one state to the other."""
    if new not in STEP_MOVES[old]:
        raise _illegal(f"step {step}", old, new)


def _illegal(what: str, old: str, new: str) -> Refused:
    return Refused(
        Code.ILLEGAL_STATE,
        f"{what} is {old} and cannot become {new}: see docs/states.md for what may follow",
        **{"from": old, "to": new},
    )
