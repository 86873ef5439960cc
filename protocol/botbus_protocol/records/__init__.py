"""The things bots talk about, as they travel.

Records are values; whoever receives one may keep it. Times are RFC 3339 UTC text, ids UUIDv7 text.
New fields get defaults, so that an older client can read a newer daemon's records.
"""

from botbus_protocol.records.configurations import Configuration, ConfigurationChange, ValueType
from botbus_protocol.records.connections import Connection, ConnectionType
from botbus_protocol.records.figures import (
    Backlog,
    CommitFigures,
    MailboxFigures,
    RetentionFigures,
    StorageFigures,
    Traffic,
)
from botbus_protocol.records.messages import (
    Bot,
    Channel,
    DeadLetter,
    Delivery,
    DeliveryRecord,
    DeliveryState,
    Message,
    Subscription,
)
from botbus_protocol.records.tasks import Task, WorkflowTask
from botbus_protocol.records.tool_executions import ToolExecution
from botbus_protocol.records.workflows import (
    CatchUp,
    ClaimedRun,
    Definition,
    Notice,
    NoticeKind,
    OwnerType,
    Run,
    Schedule,
    Step,
    Wait,
    WaitKind,
    WorkflowStatus,
)
from botbus_protocol.records.workstreams import (
    SCRATCH,
    Session,
    SessionType,
    Workstream,
    WorkstreamState,
)

__all__ = [
    "SCRATCH",
    "Backlog",
    "Bot",
    "CatchUp",
    "Channel",
    "ClaimedRun",
    "CommitFigures",
    "Configuration",
    "ConfigurationChange",
    "Connection",
    "ConnectionType",
    "DeadLetter",
    "Definition",
    "Delivery",
    "DeliveryRecord",
    "DeliveryState",
    "MailboxFigures",
    "Message",
    "Notice",
    "NoticeKind",
    "OwnerType",
    "RetentionFigures",
    "Run",
    "Schedule",
    "Session",
    "SessionType",
    "Step",
    "StorageFigures",
    "Subscription",
    "Task",
    "ToolExecution",
    "Traffic",
    "ValueType",
    "Wait",
    "WaitKind",
    "WorkflowStatus",
    "WorkflowTask",
    "Workstream",
    "WorkstreamState",
]
