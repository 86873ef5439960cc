"""Which function carries out which operation on shared records."""

from collections.abc import Callable
from typing import Any

from botbus_storage.operations import Changed, Operation
from botbus_storage.record_operations import connections as of_connections
from botbus_storage.record_operations import tasks as of_tasks
from botbus_storage.record_operations import tool_executions as of_executions
from botbus_storage.record_operations import workstreams as of_workstreams
from botbus_storage.record_operations.configurations import SetConfiguration, UnsetConfiguration
from botbus_storage.record_operations.outcomes import RecordOutcome
from botbus_storage.writing.records import (
    configurations,
    connections,
    sessions,
    tasks,
    times,
    tool_executions,
    workflow_tasks,
    workstreams,
)
from botbus_storage.writing.transaction import Transaction

EXECUTORS: dict[type[Operation], Callable[[Transaction, Any], RecordOutcome | Changed]] = {
    of_workstreams.CreateWorkstream: workstreams.create_workstream,
    of_workstreams.UpdateWorkstream: workstreams.update_workstream,
    of_workstreams.DeleteWorkstream: workstreams.delete_workstream,
    of_workstreams.SetTags: workstreams.set_tags,
    of_workstreams.EnsureScratch: workstreams.ensure_scratch,
    of_workstreams.CreateSession: sessions.create_session,
    of_workstreams.UpdateSession: sessions.update_session,
    of_workstreams.EndSession: sessions.end_session,
    of_tasks.CreateTask: tasks.create_task,
    of_tasks.UpdateTask: tasks.update_task,
    of_tasks.UpdateTaskStatus: tasks.update_task_status,
    of_tasks.DeleteTask: tasks.delete_task,
    of_tasks.AddWorkflowTask: workflow_tasks.add_workflow_task,
    of_tasks.RemoveWorkflowTask: workflow_tasks.remove_workflow_task,
    of_tasks.ReorderWorkflowTasks: workflow_tasks.reorder_workflow_tasks,
    of_executions.StartToolExecution: tool_executions.start_tool_execution,
    of_executions.FinishToolExecution: tool_executions.finish_tool_execution,
    of_connections.RegisterConnection: connections.register_connection,
    of_connections.HeartbeatConnection: connections.heartbeat_connection,
    of_connections.CloseConnection: connections.close_connection,
    of_connections.NoteClient: connections.note_client,
    of_connections.ForgetConnections: connections.forget_connections,
    of_connections.EndOverdue: times.end_overdue,
    of_connections.OpenRecords: times.open_records,
    SetConfiguration: configurations.set_configuration,
    UnsetConfiguration: configurations.unset_configuration,
}
