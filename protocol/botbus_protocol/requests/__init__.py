"""Every request of the protocol, one struct each; the tag in `op` is its name on the wire.

A struct checks itself when it is made and when it is decoded, so the same rules hold in a client
before it sends and in the daemon when it receives: a ValueError with a sentence in the one, an
`invalid` error in the other. Unknown fields are ignored and new fields have defaults.
"""

from botbus_protocol.requests.channels import (
    ChannelRequest,
    CreateChannel,
    GetChannel,
    ListChannels,
    ListSubscribers,
    ListSubscriptions,
    Subscribe,
    Unsubscribe,
)
from botbus_protocol.requests.configurations import (
    ConfigurationRequest,
    GetConfiguration,
    ListConfigurations,
    SetConfiguration,
    UnsetConfiguration,
)
from botbus_protocol.requests.connection import ConnectionRequest, Hello, ListBots
from botbus_protocol.requests.connections import (
    CloseConnection,
    GetConnection,
    HeartbeatConnection,
    ListConnections,
    RegisterConnection,
    RegistryRequest,
)
from botbus_protocol.requests.mailbox import (
    MAX_REASON,
    MAX_SEQS,
    Ack,
    CancelFetch,
    DropDead,
    Extend,
    Fetch,
    ListDead,
    MailboxRequest,
    Nak,
    Peek,
    ReplayDead,
    Term,
)
from botbus_protocol.requests.messages import (
    MAX_TEXT,
    Ask,
    History,
    MessageRequest,
    Publish,
    Recall,
    Send,
    ShowMessage,
    Tail,
)
from botbus_protocol.requests.record_fields import MAX_TAG, MAX_TAGS
from botbus_protocol.requests.request import LONGEST, LONGEST_LEASE, Request, Seq
from botbus_protocol.requests.runs import (
    MAX_ERROR,
    MAX_KEY,
    MAX_WORKFLOWS,
    CancelClaim,
    ClaimRuns,
    CreateRun,
    ExplainRun,
    ExtendRuns,
    GetRun,
    ListCrashedRuns,
    ListRuns,
    Offer,
    RetryRun,
    RunRequest,
    SuspendRun,
    UpdateRunStatus,
    WaitRun,
)
from botbus_protocol.requests.sessions import (
    CreateSession,
    EndSession,
    GetSession,
    ListSessions,
    SessionRequest,
    UpdateSession,
)
from botbus_protocol.requests.stats import Stats, StatsRequest
from botbus_protocol.requests.steps import (
    MAX_COMMENT,
    BeginStep,
    CompleteStep,
    CreateStepLog,
    DecideStep,
    FailStep,
    GetCompletedStepIds,
    ListStepLogs,
    StepRequest,
    UpdateStepStatus,
    WaitFor,
)
from botbus_protocol.requests.tasks import (
    AddWorkflowTask,
    CreateTask,
    DeleteTask,
    GetTask,
    ListTasks,
    ListWorkflowTasks,
    RemoveWorkflowTask,
    ReorderWorkflowTasks,
    TaskRequest,
    UpdateTask,
    UpdateTaskStatus,
)
from botbus_protocol.requests.tool_executions import (
    FinishToolExecution,
    GetToolExecution,
    ListToolExecutions,
    StartToolExecution,
    ToolExecutionRequest,
)
from botbus_protocol.requests.workflows import (
    DeleteDefinition,
    DeleteSchedule,
    GetDefinition,
    GetDefinitionByName,
    ListDefinitions,
    ListSchedules,
    SaveDefinition,
    SaveSchedule,
    WorkflowRequest,
)
from botbus_protocol.requests.workstreams import (
    CreateWorkstream,
    DeleteWorkstream,
    EnsureScratch,
    GetTags,
    GetWorkstream,
    ListWorkstreams,
    SetTags,
    UpdateWorkstream,
    WorkstreamRequest,
)

__all__ = [
    "LONGEST",
    "LONGEST_LEASE",
    "MAX_COMMENT",
    "MAX_ERROR",
    "MAX_KEY",
    "MAX_REASON",
    "MAX_SEQS",
    "MAX_TAG",
    "MAX_TAGS",
    "MAX_TEXT",
    "MAX_WORKFLOWS",
    "Ack",
    "AddWorkflowTask",
    "AnyRequest",
    "Ask",
    "BeginStep",
    "CancelClaim",
    "CancelFetch",
    "ClaimRuns",
    "CloseConnection",
    "CompleteStep",
    "CreateChannel",
    "CreateRun",
    "CreateSession",
    "CreateStepLog",
    "CreateTask",
    "CreateWorkstream",
    "DecideStep",
    "DeleteDefinition",
    "DeleteSchedule",
    "DeleteTask",
    "DeleteWorkstream",
    "DropDead",
    "EndSession",
    "EnsureScratch",
    "ExplainRun",
    "Extend",
    "ExtendRuns",
    "FailStep",
    "Fetch",
    "FinishToolExecution",
    "GetChannel",
    "GetCompletedStepIds",
    "GetConfiguration",
    "GetConnection",
    "GetDefinition",
    "GetDefinitionByName",
    "GetRun",
    "GetSession",
    "GetTags",
    "GetTask",
    "GetToolExecution",
    "GetWorkstream",
    "HeartbeatConnection",
    "Hello",
    "History",
    "ListBots",
    "ListChannels",
    "ListConfigurations",
    "ListConnections",
    "ListCrashedRuns",
    "ListDead",
    "ListDefinitions",
    "ListRuns",
    "ListSchedules",
    "ListSessions",
    "ListStepLogs",
    "ListSubscribers",
    "ListSubscriptions",
    "ListTasks",
    "ListToolExecutions",
    "ListWorkflowTasks",
    "ListWorkstreams",
    "Nak",
    "Offer",
    "Peek",
    "Publish",
    "Recall",
    "RegisterConnection",
    "RemoveWorkflowTask",
    "ReorderWorkflowTasks",
    "ReplayDead",
    "Request",
    "RetryRun",
    "SaveDefinition",
    "SaveSchedule",
    "Send",
    "Seq",
    "SetConfiguration",
    "SetTags",
    "ShowMessage",
    "StartToolExecution",
    "Stats",
    "Subscribe",
    "SuspendRun",
    "Tail",
    "Term",
    "UnsetConfiguration",
    "Unsubscribe",
    "UpdateRunStatus",
    "UpdateSession",
    "UpdateStepStatus",
    "UpdateTask",
    "UpdateTaskStatus",
    "UpdateWorkstream",
    "WaitFor",
    "WaitRun",
]

AnyRequest = (
    ConnectionRequest
    | StatsRequest
    | MessageRequest
    | MailboxRequest
    | ChannelRequest
    | WorkflowRequest
    | RunRequest
    | StepRequest
    | WorkstreamRequest
    | SessionRequest
    | TaskRequest
    | ToolExecutionRequest
    | RegistryRequest
    | ConfigurationRequest
)
