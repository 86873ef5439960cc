"""The contracts about the records that bots share.

Bots are named by their ids, times are stored times, JSON is text on its way in and a value of the wire
on its way out. Writing methods return when the effect is on disk and raise Refused as the operations
say; what they return says whether anything changed.
"""

from typing import Protocol

from botbus_protocol.records import (
    Configuration,
    Connection,
    Session,
    Task,
    ToolExecution,
    WorkflowTask,
    Workstream,
    WorkstreamState,
)
from botbus_storage.reading.records.configurations import ConfigurationScope
from botbus_storage.reading.records.connections import ConnectionScope
from botbus_storage.reading.records.paging import Window
from botbus_storage.reading.records.tasks import TaskScope
from botbus_storage.reading.records.tool_executions import ExecutionScope
from botbus_storage.reading.records.workstreams import SessionScope
from botbus_storage.record_operations.configurations import SetConfiguration, UnsetConfiguration
from botbus_storage.record_operations.connections import RegisterConnection
from botbus_storage.record_operations.outcomes import Configured, Kept
from botbus_storage.record_operations.tasks import (
    AddWorkflowTask,
    CreateTask,
    ReorderWorkflowTasks,
    UpdateTask,
    UpdateTaskStatus,
)
from botbus_storage.record_operations.tool_executions import (
    FinishToolExecution,
    StartToolExecution,
)
from botbus_storage.record_operations.workstreams import (
    CreateSession,
    CreateWorkstream,
    EndSession,
    UpdateSession,
    UpdateWorkstream,
)


class WorkstreamRepository(Protocol):
    """Workstreams with their tags and sessions."""

    async def create_workstream(self, workstream: CreateWorkstream) -> Kept[Workstream]: ...

    async def get_workstream(self, workstream_id: str) -> Workstream | None: ...

    async def list_workstreams(
        self, state: WorkstreamState | None, window: Window
    ) -> list[Workstream]:
        """Newest first."""

    async def update_workstream(self, change: UpdateWorkstream) -> Kept[Workstream]: ...

    async def delete_workstream(self, workstream_id: str) -> bool:
        """Whether there was one; scratch is refused (`denied`)."""

    async def set_tags(self, workstream_id: str, tags: list[str]) -> Kept[Workstream]:
        """These instead of those that it has."""

    async def get_tags(self, workstream_id: str) -> list[str]:
        """In the order of their characters."""

    async def ensure_scratch(self) -> Workstream: ...

    async def create_session(self, session: CreateSession) -> Kept[Session]: ...

    async def get_session(self, session_id: str) -> Session | None: ...

    async def list_sessions(self, scope: SessionScope, window: Window) -> list[Session]:
        """The one that was started last first."""

    async def update_session(self, change: UpdateSession) -> Kept[Session]: ...

    async def end_session(self, end: EndSession) -> Kept[Session]: ...


class TaskRepository(Protocol):
    """Tasks, and their places in workflows."""

    async def create_task(self, task: CreateTask) -> Kept[Task]: ...

    async def get_task(self, task_id: str) -> Task | None: ...

    async def list_tasks(self, scope: TaskScope, window: Window) -> list[Task]:
        """Newest first."""

    async def update_task(self, change: UpdateTask) -> Kept[Task]: ...

    async def update_task_status(self, move: UpdateTaskStatus) -> Kept[Task]: ...

    async def delete_task(self, task_id: str) -> bool:
        """Whether there was one; its executions and places go with it."""

    async def add_workflow_task(self, place: AddWorkflowTask) -> Kept[WorkflowTask]: ...

    async def remove_workflow_task(self, workflow: str, task_id: str) -> bool: ...

    async def reorder_workflow_tasks(self, order: ReorderWorkflowTasks) -> bool: ...

    async def tasks_of_workflow(
        self, workflow_id: str, after: tuple[int, str], limit: int
    ) -> list[WorkflowTask]:
        """In sequence, after a sequence and a task."""

    async def workflows_of_task(
        self, task_id: str, after: str, limit: int
    ) -> list[WorkflowTask]: ...

    async def find_workflows(self, name_or_id: str) -> list[str]:
        """The ids of the workflows of that name or id, two at the most."""


class ToolExecutionRepository(Protocol):
    """The log of tool executions."""

    async def start_tool_execution(self, start: StartToolExecution) -> Kept[ToolExecution]: ...

    async def finish_tool_execution(self, end: FinishToolExecution) -> Kept[ToolExecution]: ...

    async def get_tool_execution(self, execution_id: str) -> ToolExecution | None: ...

    async def list_tool_executions(
        self, scope: ExecutionScope, window: Window
    ) -> list[ToolExecution]:
        """Newest first."""


class ConnectionRepository(Protocol):
    """Who is and was connected."""

    async def register_connection(self, new: RegisterConnection) -> Kept[Connection]: ...

    async def heartbeat_connection(self, connection_id: str) -> Kept[Connection]: ...

    async def close_connection(self, connection_id: str) -> Kept[Connection]: ...

    async def get_connection(self, connection_id: str) -> Connection | None: ...

    async def list_connections(self, scope: ConnectionScope, window: Window) -> list[Connection]:
        """Newest first."""


class ConfigurationRepository(Protocol):
    """Typed settings."""

    async def set_configuration(self, change: SetConfiguration) -> Configured: ...

    async def unset_configuration(self, change: UnsetConfiguration) -> Configured: ...

    async def get_configuration(self, key: str) -> Configuration | None:
        """With its value, secret or not."""

    async def list_configurations(
        self, scope: ConfigurationScope, after: str, limit: int
    ) -> list[Configuration]:
        """By key, after a key; without the values of secrets."""
