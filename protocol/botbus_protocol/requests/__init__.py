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
from botbus_protocol.requests.connection import ConnectionRequest, Hello, ListBots
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

__all__ = [
    "LONGEST",
    "LONGEST_LEASE",
    "MAX_COMMENT",
    "MAX_ERROR",
    "MAX_KEY",
    "MAX_REASON",
    "MAX_SEQS",
    "MAX_TEXT",
    "MAX_WORKFLOWS",
    "Ack",
    "AnyRequest",
    "Ask",
    "BeginStep",
    "CancelClaim",
    "CancelFetch",
    "ClaimRuns",
    "CompleteStep",
    "CreateChannel",
    "CreateRun",
    "CreateStepLog",
    "DecideStep",
    "DeleteDefinition",
    "DeleteSchedule",
    "DropDead",
    "ExplainRun",
    "Extend",
    "ExtendRuns",
    "FailStep",
    "Fetch",
    "GetChannel",
    "GetCompletedStepIds",
    "GetDefinition",
    "GetDefinitionByName",
    "GetRun",
    "Hello",
    "History",
    "ListBots",
    "ListChannels",
    "ListCrashedRuns",
    "ListDead",
    "ListDefinitions",
    "ListRuns",
    "ListSchedules",
    "ListStepLogs",
    "ListSubscribers",
    "ListSubscriptions",
    "Nak",
    "Offer",
    "Peek",
    "Publish",
    "Recall",
    "ReplayDead",
    "Request",
    "RetryRun",
    "SaveDefinition",
    "SaveSchedule",
    "Send",
    "Seq",
    "ShowMessage",
    "Subscribe",
    "SuspendRun",
    "Tail",
    "Term",
    "Unsubscribe",
    "UpdateRunStatus",
    "UpdateStepStatus",
    "WaitFor",
    "WaitRun",
]

AnyRequest = (
    ConnectionRequest
    | MessageRequest
    | MailboxRequest
    | ChannelRequest
    | WorkflowRequest
    | RunRequest
    | StepRequest
)
