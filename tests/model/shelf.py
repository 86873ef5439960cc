"""The oracle's records: configurations and their changes, tasks, and tool executions. Pure."""

from dataclasses import dataclass, field
from typing import Any

TASK_MOVES = {
    "pending": {"running", "failed", "cancelled"},
    "running": {"pending", "completed", "failed", "cancelled"},
    "failed": {"pending", "running"},
    "cancelled": {"pending", "running"},
    "completed": set[str](),
}


@dataclass
class Execution:
    task: str
    status: str = "running"
    output: Any = None


@dataclass
class Shelf:
    """The records of one example."""

    values: dict[str, int] = field(default_factory=dict)
    changes: list[tuple[str, str, int | None]] = field(default_factory=list)
    """What subscribers of changes are told, in order: type, key, value."""
    tasks: dict[str, str] = field(default_factory=dict)
    """By id: the status."""
    executions: dict[str, Execution] = field(default_factory=dict)

    def set(self, key: str, value: int) -> None:
        self.values[key] = value
        self.changes.append(("config.set", key, value))

    def unset(self, key: str) -> None:
        del self.values[key]
        self.changes.append(("config.unset", key, None))

    def delete_task(self, task: str) -> None:
        """Its executions go with it."""
        del self.tasks[task]
        self.executions = {i: one for i, one in self.executions.items() if one.task != task}
