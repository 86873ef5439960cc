"""What can be done to tasks and their places in workflows. Outcomes are `Kept` if nothing else is said.

In updates None leaves a field as it is, and empty text takes it away.
"""

from botbus_protocol.record_states import TaskStatus
from botbus_storage.operations import Operation


class CreateTask(Operation, frozen=True, kw_only=True):
    """Faults: `not_found` (run), `conflict` (the id belongs to another task)."""

    id: str
    title: str
    task_type: str
    description: str | None = None
    config: str = "{}"
    """JSON text of a map."""
    metadata: str | None = None
    """JSON text."""
    workspace_path: str | None = None
    run_id: str | None = None


class UpdateTask(Operation, frozen=True, kw_only=True):
    """Faults: `not_found` (task, run)."""

    id: str
    title: str | None = None
    description: str | None = None
    config: str | None = None
    metadata: str | None = None
    workspace_path: str | None = None
    run_id: str | None = None


class UpdateTaskStatus(Operation, frozen=True, kw_only=True):
    """Faults: `not_found`, `illegal_state`."""

    id: str
    status: TaskStatus
    error: str | None = None


class DeleteTask(Operation, frozen=True):
    """With its executions and places. Outcome: `Changed`."""

    id: str


class AddWorkflowTask(Operation, frozen=True, kw_only=True):
    """Faults: `not_found` (workflow, task), `conflict` (several workflows of that name)."""

    workflow: str
    task_id: str
    sequence: int | None = None
    """None: behind all others, or where it is."""


class RemoveWorkflowTask(Operation, frozen=True):
    """Outcome: `Changed`. Faults: `not_found` (workflow), `conflict`."""

    workflow: str
    task_id: str


class ReorderWorkflowTasks(Operation, frozen=True):
    """Outcome: `Changed`, with the number of tasks. Faults: `not_found` (workflow), `conflict`
    (these are not the tasks of the workflow).
    """

    workflow: str
    task_ids: tuple[str, ...]
