"""The requests about tasks, and about their places in workflows."""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id, check_name_or_id
from botbus_protocol.record_states import TaskStatus
from botbus_protocol.requests.record_fields import (
    ErrorText,
    LongText,
    Path,
    ShortName,
    Title,
    check_window,
)
from botbus_protocol.requests.request import Request, check_count

MAX_WORKFLOW_TASKS = 10_000
"""Tasks that one reordering puts in order."""

LAST_SEQUENCE = 2**53
"""So that whatever reads numbers as floats reads this one."""
Sequence = Annotated[int, Meta(ge=0, le=LAST_SEQUENCE)]


class CreateTask(Request, frozen=True, tag="create_task"):
    """Makes a task; the same id again is the same task."""

    mutates: ClassVar[bool] = True

    id: str
    title: Title
    task_type: ShortName
    description: LongText | None = None
    config: Raw = NULL
    """A map; nil for an empty one."""
    metadata: Raw = NULL
    workspace_path: Path | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        if self.run_id is not None:
            check_id(self.run_id, "run_id")


class GetTask(Request, frozen=True, tag="get_task"):
    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListTasks(Request, frozen=True, tag="list_tasks"):
    """Tasks, newest first."""

    status: TaskStatus | None = None
    task_type: str | None = None
    workspace_path: str | None = None
    run_id: str | None = None
    created_after: str | None = None
    created_before: str | None = None
    before_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.run_id is not None:
            check_id(self.run_id, "run_id")
        check_window(self.created_after, self.created_before, self.before_id, "created")
        check_count(self.limit, "limit")


class UpdateTask(Request, frozen=True, tag="update_task"):
    """Changes what is given; empty text takes a description, workspace or run away."""

    mutates: ClassVar[bool] = True

    id: str
    title: Title | None = None
    description: LongText | None = None
    config: Raw = NULL
    metadata: Raw = NULL
    workspace_path: Path | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        if self.run_id:
            check_id(self.run_id, "run_id")


class UpdateTaskStatus(Request, frozen=True, tag="update_task_status"):
    """Moves a task along its states (docs/states.md)."""

    mutates: ClassVar[bool] = True

    id: str
    status: TaskStatus
    error: ErrorText | None = None
    """Why it failed or was cancelled."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        if self.error is not None and self.status not in {"failed", "cancelled"}:
            raise ValueError("error belongs to a task that failed or was cancelled: leave it out")


class DeleteTask(Request, frozen=True, tag="delete_task"):
    """Deletes a task, with its tool executions and its places in workflows."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class AddWorkflowTask(Request, frozen=True, tag="add_workflow_task"):
    """Gives a task its place in a workflow; one that has a place gets another."""

    mutates: ClassVar[bool] = True

    workflow: str
    """Its name (if only one has it) or id."""
    task_id: str
    sequence: Sequence | None = None
    """By default behind all others, or where it is."""

    def __post_init__(self) -> None:
        check_name_or_id(self.workflow, "workflow")
        check_id(self.task_id, "task_id")


class RemoveWorkflowTask(Request, frozen=True, tag="remove_workflow_task"):
    mutates: ClassVar[bool] = True

    workflow: str
    task_id: str

    def __post_init__(self) -> None:
        check_name_or_id(self.workflow, "workflow")
        check_id(self.task_id, "task_id")


class ReorderWorkflowTasks(Request, frozen=True, tag="reorder_workflow_tasks"):
    """Puts the tasks of a workflow in this order; all of them, so that none is forgotten."""

    mutates: ClassVar[bool] = True

    workflow: str
    task_ids: Annotated[list[str], Meta(max_length=MAX_WORKFLOW_TASKS)]

    def __post_init__(self) -> None:
        check_name_or_id(self.workflow, "workflow")
        for task_id in self.task_ids:
            check_id(task_id, "task_ids")
        if len(set(self.task_ids)) != len(self.task_ids):
            raise ValueError("task_ids names a task twice: name each once")


class ListWorkflowTasks(Request, frozen=True, tag="list_workflow_tasks"):
    """The tasks of a workflow in sequence, or the workflows of a task."""

    workflow: str | None = None
    task_id: str | None = None
    after: Annotated[int, Meta(ge=-1, le=LAST_SEQUENCE)] = -1
    """With `after_id`: the sequence of the last one of the page before."""
    after_id: str = ""
    """And its task; or the last workflow, for the workflows of a task."""
    limit: int = 100

    def __post_init__(self) -> None:
        if (self.workflow is None) == (self.task_id is None):
            raise ValueError("list_workflow_tasks is of one thing: give workflow or task_id")
        if self.workflow is not None:
            check_name_or_id(self.workflow, "workflow")
        if self.task_id is not None:
            check_id(self.task_id, "task_id")
        check_count(self.limit, "limit")


TaskRequest = (
    CreateTask
    | GetTask
    | ListTasks
    | UpdateTask
    | UpdateTaskStatus
    | DeleteTask
    | AddWorkflowTask
    | RemoveWorkflowTask
    | ReorderWorkflowTasks
    | ListWorkflowTasks
)
