"""Tasks, and their places in workflows."""

from typing import Any

from msgspec import Struct

from botbus_protocol.record_states import TaskStatus


class Task(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be done, by whoever does it."""

    id: str
    title: str
    description: str | None = None
    task_type: str
    status: TaskStatus = "pending"
    config: Any = None
    """A map."""
    metadata: Any = None
    workspace_path: str | None = None
    run_id: str | None = None
    """The run of a workflow that does it."""
    created_at: str = ""
    updated_at: str = ""
    started_at: str | None = None
    completed_at: str | None = None
    """When it ended, whichever way."""
    error: str | None = None


class WorkflowTask(Struct, frozen=True, kw_only=True):
    """A task in its place in a workflow."""

    workflow_id: str
    task_id: str
    sequence: int
    """Smaller ones come first."""
    created_at: str
    task: Task
