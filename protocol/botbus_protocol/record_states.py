"""The states of tasks and tool executions, and which may follow which: one table each.

Whoever moves one asks `check_task_move` or `check_execution_move`; docs/states.md draws the tables, and
a test holds page and tables together. What has ended well stays so; what failed may be begun anew, if
it is a task. A tool execution is an entry of a log: its end is final.
"""

from typing import Literal

from botbus_protocol.errors import Code, Refused

TaskStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
ExecutionStatus = Literal["pending", "running", "completed", "failed", "timeout"]

TASK_MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    "pending": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"pending", "completed", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset({"pending", "running"}),
    "cancelled": frozenset({"pending", "running"}),
}

EXECUTION_MOVES: dict[ExecutionStatus, frozenset[ExecutionStatus]] = {
    "pending": frozenset({"running", "failed", "timeout"}),
    "running": frozenset({"completed", "failed", "timeout"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "timeout": frozenset(),
}

TASK_ENDS: frozenset[TaskStatus] = frozenset({"completed", "failed", "cancelled"})
EXECUTION_ENDS: frozenset[ExecutionStatus] = frozenset({"completed", "failed", "timeout"})


def check_task_move(task: str, old: TaskStatus, new: TaskStatus) -> None:
    """Raises Refused (`illegal_state`) unless a task may go from one state to the other."""
    if new not in TASK_MOVES[old]:
        raise _illegal(f"task {task}", old, new)


def check_execution_move(execution: str, old: ExecutionStatus, new: ExecutionStatus) -> None:
    """Raises Refused (`illegal_state`) unless an execution may go from one state to the other."""
    if new not in EXECUTION_MOVES[old]:
        raise _illegal(f"tool execution {execution}", old, new)


def _illegal(what: str, old: str, new: str) -> Refused:
    return Refused(
        Code.ILLEGAL_STATE,
        f"{what} is {old} and cannot become {new}: see docs/states.md for what may follow",
        **{"from": old, "to": new},
    )
