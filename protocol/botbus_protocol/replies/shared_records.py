"""The replies about workstreams, sessions, tasks, tool executions, connections and configurations.

`changed` says of one record whether the request made or changed it: False for one that was only read,
and for a repeat of what was done before.
"""

from msgspec import field

from botbus_protocol import requests
from botbus_protocol.records.configurations import Configuration
from botbus_protocol.records.connections import Connection
from botbus_protocol.records.tasks import Task, WorkflowTask
from botbus_protocol.records.tool_executions import ToolExecution
from botbus_protocol.records.workstreams import Session, Workstream
from botbus_protocol.replies.reply import Done, Reply


class WorkstreamReply(Reply, frozen=True, tag="workstream"):
    workstream: Workstream
    changed: bool = False


class Workstreams(Reply, frozen=True, tag="workstreams"):
    workstreams: list[Workstream]


class Tags(Reply, frozen=True, tag="tags"):
    tags: list[str] = field(default_factory=list)
    """In the order of their characters."""


class SessionReply(Reply, frozen=True, tag="session"):
    session: Session
    changed: bool = False


class Sessions(Reply, frozen=True, tag="sessions"):
    sessions: list[Session]


class TaskReply(Reply, frozen=True, tag="task"):
    task: Task
    changed: bool = False


class Tasks(Reply, frozen=True, tag="tasks"):
    tasks: list[Task]


class WorkflowTaskReply(Reply, frozen=True, tag="workflow_task"):
    workflow_task: WorkflowTask
    changed: bool = False


class WorkflowTasks(Reply, frozen=True, tag="workflow_tasks"):
    workflow_tasks: list[WorkflowTask]


class ToolExecutionReply(Reply, frozen=True, tag="tool_execution"):
    tool_execution: ToolExecution
    changed: bool = False


class ToolExecutions(Reply, frozen=True, tag="tool_executions"):
    tool_executions: list[ToolExecution]


class ConnectionReply(Reply, frozen=True, tag="connection"):
    connection: Connection
    changed: bool = False


class Connections(Reply, frozen=True, tag="connections"):
    connections: list[Connection]


class ConfigurationReply(Reply, frozen=True, tag="configuration"):
    configuration: Configuration
    changed: bool = False


class Configurations(Reply, frozen=True, tag="configurations"):
    configurations: list[Configuration]


RecordReply = (
    WorkstreamReply
    | Workstreams
    | Tags
    | SessionReply
    | Sessions
    | TaskReply
    | Tasks
    | WorkflowTaskReply
    | WorkflowTasks
    | ToolExecutionReply
    | ToolExecutions
    | ConnectionReply
    | Connections
    | ConfigurationReply
    | Configurations
)

RECORD_REPLIES: dict[type[requests.Request], type[Reply]] = {
    requests.CreateWorkstream: WorkstreamReply,
    requests.GetWorkstream: WorkstreamReply,
    requests.ListWorkstreams: Workstreams,
    requests.UpdateWorkstream: WorkstreamReply,
    requests.DeleteWorkstream: Done,
    requests.SetTags: WorkstreamReply,
    requests.GetTags: Tags,
    requests.EnsureScratch: WorkstreamReply,
    requests.CreateSession: SessionReply,
    requests.GetSession: SessionReply,
    requests.ListSessions: Sessions,
    requests.UpdateSession: SessionReply,
    requests.EndSession: SessionReply,
    requests.CreateTask: TaskReply,
    requests.GetTask: TaskReply,
    requests.ListTasks: Tasks,
    requests.UpdateTask: TaskReply,
    requests.UpdateTaskStatus: TaskReply,
    requests.DeleteTask: Done,
    requests.AddWorkflowTask: WorkflowTaskReply,
    requests.RemoveWorkflowTask: Done,
    requests.ReorderWorkflowTasks: Done,
    requests.ListWorkflowTasks: WorkflowTasks,
    requests.StartToolExecution: ToolExecutionReply,
    requests.FinishToolExecution: ToolExecutionReply,
    requests.GetToolExecution: ToolExecutionReply,
    requests.ListToolExecutions: ToolExecutions,
    requests.RegisterConnection: ConnectionReply,
    requests.HeartbeatConnection: ConnectionReply,
    requests.CloseConnection: ConnectionReply,
    requests.GetConnection: ConnectionReply,
    requests.ListConnections: Connections,
    requests.SetConfiguration: ConfigurationReply,
    requests.GetConfiguration: ConfigurationReply,
    requests.ListConfigurations: Configurations,
    requests.UnsetConfiguration: Done,
}
"""Which reply answers which request."""
