"""The repositories of shared records over SQLite: one operation or one question a method."""

from typing import Any, TypeVar

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
from botbus_storage.operations import Changed, Operation
from botbus_storage.reading.records import (
    configurations,
    connections,
    tasks,
    tool_executions,
    workstreams,
)
from botbus_storage.reading.records.configurations import ConfigurationScope
from botbus_storage.reading.records.connections import ConnectionScope
from botbus_storage.reading.records.paging import Window
from botbus_storage.reading.records.tasks import TaskScope
from botbus_storage.reading.records.tool_executions import ExecutionScope
from botbus_storage.reading.records.workstreams import SessionScope
from botbus_storage.record_operations import connections as connection_operations
from botbus_storage.record_operations import tasks as task_operations
from botbus_storage.record_operations import workstreams as workstream_operations
from botbus_storage.record_operations.configurations import SetConfiguration, UnsetConfiguration
from botbus_storage.record_operations.outcomes import Configured, Kept
from botbus_storage.record_operations.tool_executions import (
    FinishToolExecution,
    StartToolExecution,
)
from botbus_storage.repositories.access import Writing

R = TypeVar("R")


class Keeping(Writing):
    """Repositories whose operations give back the record as it is then."""

    async def _keep(self, operation: Operation, kind: type[R]) -> Kept[R]:
        kept: Kept[Any] = await self._do(operation, Kept)
        assert isinstance(kept.record, kind)
        return kept

    async def _change(self, operation: Operation) -> bool:
        return (await self._do(operation, Changed)).changed


class SqliteWorkstreams(Keeping):
    """The `WorkstreamRepository` of SQLite."""

    async def create_workstream(
        self, workstream: workstream_operations.CreateWorkstream
    ) -> Kept[Workstream]:
        return await self._keep(workstream, Workstream)

    async def get_workstream(self, workstream_id: str) -> Workstream | None:
        return await self._ask(workstreams.get_workstream, workstream_id=workstream_id)

    async def list_workstreams(
        self, state: WorkstreamState | None, window: Window
    ) -> list[Workstream]:
        return await self._ask(workstreams.list_workstreams, state=state, window=window)

    async def update_workstream(
        self, change: workstream_operations.UpdateWorkstream
    ) -> Kept[Workstream]:
        return await self._keep(change, Workstream)

    async def delete_workstream(self, workstream_id: str) -> bool:
        return await self._change(workstream_operations.DeleteWorkstream(id=workstream_id))

    async def set_tags(self, workstream_id: str, tags: list[str]) -> Kept[Workstream]:
        operation = workstream_operations.SetTags(workstream_id=workstream_id, tags=tuple(tags))
        return await self._keep(operation, Workstream)

    async def get_tags(self, workstream_id: str) -> list[str]:
        return await self._ask(workstreams.get_tags, workstream_id=workstream_id)

    async def ensure_scratch(self) -> Workstream:
        return (await self._keep(workstream_operations.EnsureScratch(), Workstream)).record

    async def create_session(self, session: workstream_operations.CreateSession) -> Kept[Session]:
        return await self._keep(session, Session)

    async def get_session(self, session_id: str) -> Session | None:
        return await self._ask(workstreams.get_session, session_id=session_id)

    async def list_sessions(self, scope: SessionScope, window: Window) -> list[Session]:
        return await self._ask(workstreams.list_sessions, scope=scope, window=window)

    async def update_session(self, change: workstream_operations.UpdateSession) -> Kept[Session]:
        return await self._keep(change, Session)

    async def end_session(self, end: workstream_operations.EndSession) -> Kept[Session]:
        return await self._keep(end, Session)


class SqliteTasks(Keeping):
    """The `TaskRepository` of SQLite."""

    async def create_task(self, task: task_operations.CreateTask) -> Kept[Task]:
        return await self._keep(task, Task)

    async def get_task(self, task_id: str) -> Task | None:
        return await self._ask(tasks.get_task, task_id=task_id)

    async def list_tasks(self, scope: TaskScope, window: Window) -> list[Task]:
        return await self._ask(tasks.list_tasks, scope=scope, window=window)

    async def update_task(self, change: task_operations.UpdateTask) -> Kept[Task]:
        return await self._keep(change, Task)

    async def update_task_status(self, move: task_operations.UpdateTaskStatus) -> Kept[Task]:
        return await self._keep(move, Task)

    async def delete_task(self, task_id: str) -> bool:
        return await self._change(task_operations.DeleteTask(id=task_id))

    async def add_workflow_task(self, place: task_operations.AddWorkflowTask) -> Kept[WorkflowTask]:
        return await self._keep(place, WorkflowTask)

    async def remove_workflow_task(self, workflow: str, task_id: str) -> bool:
        operation = task_operations.RemoveWorkflowTask(workflow=workflow, task_id=task_id)
        return await self._change(operation)

    async def reorder_workflow_tasks(self, order: task_operations.ReorderWorkflowTasks) -> bool:
        return await self._change(order)

    async def tasks_of_workflow(
        self, workflow_id: str, after: tuple[int, str], limit: int
    ) -> list[WorkflowTask]:
        return await self._ask(
            tasks.tasks_of_workflow, workflow_id=workflow_id, after=after, limit=limit
        )

    async def workflows_of_task(self, task_id: str, after: str, limit: int) -> list[WorkflowTask]:
        return await self._ask(tasks.workflows_of_task, task_id=task_id, after=after, limit=limit)

    async def find_workflows(self, name_or_id: str) -> list[str]:
        return await self._ask(tasks.find_workflows, name_or_id=name_or_id)


class SqliteToolExecutions(Keeping):
    """The `ToolExecutionRepository` of SQLite."""

    async def start_tool_execution(self, start: StartToolExecution) -> Kept[ToolExecution]:
        return await self._keep(start, ToolExecution)

    async def finish_tool_execution(self, end: FinishToolExecution) -> Kept[ToolExecution]:
        return await self._keep(end, ToolExecution)

    async def get_tool_execution(self, execution_id: str) -> ToolExecution | None:
        return await self._ask(tool_executions.get_tool_execution, execution_id=execution_id)

    async def list_tool_executions(
        self, scope: ExecutionScope, window: Window
    ) -> list[ToolExecution]:
        return await self._ask(tool_executions.list_tool_executions, scope=scope, window=window)


class SqliteConnections(Keeping):
    """The `ConnectionRepository` of SQLite."""

    async def register_connection(
        self, new: connection_operations.RegisterConnection
    ) -> Kept[Connection]:
        return await self._keep(new, Connection)

    async def heartbeat_connection(self, connection_id: str) -> Kept[Connection]:
        operation = connection_operations.HeartbeatConnection(id=connection_id)
        return await self._keep(operation, Connection)

    async def close_connection(self, connection_id: str) -> Kept[Connection]:
        return await self._keep(connection_operations.CloseConnection(id=connection_id), Connection)

    async def get_connection(self, connection_id: str) -> Connection | None:
        return await self._ask(connections.get_connection, connection_id=connection_id)

    async def list_connections(self, scope: ConnectionScope, window: Window) -> list[Connection]:
        return await self._ask(connections.list_connections, scope=scope, window=window)


class SqliteConfigurations(Keeping):
    """The `ConfigurationRepository` of SQLite."""

    async def set_configuration(self, change: SetConfiguration) -> Configured:
        return await self._do(change, Configured)

    async def unset_configuration(self, change: UnsetConfiguration) -> Configured:
        return await self._do(change, Configured)

    async def get_configuration(self, key: str) -> Configuration | None:
        return await self._ask(configurations.get_configuration, key=key)

    async def list_configurations(
        self, scope: ConfigurationScope, after: str, limit: int
    ) -> list[Configuration]:
        return await self._ask(
            configurations.list_configurations, scope=scope, after=after, limit=limit
        )
