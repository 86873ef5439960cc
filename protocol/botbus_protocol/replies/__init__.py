"""Every reply of the protocol; the tag in `kind` tells which one it is.

`REPLY_OF` says which reply answers which request. A request that fails is answered with a `Fault`
instead (see errors.py).
"""

from botbus_protocol import requests
from botbus_protocol.replies.figures import FIGURES_REPLIES, Figures
from botbus_protocol.replies.messages import (
    MESSAGE_REPLIES,
    Answer,
    Bots,
    ChannelReply,
    Channels,
    DeadLetters,
    Deliveries,
    MessageLife,
    MessageReply,
    Messages,
    Receipt,
    SubscriptionReply,
    Subscriptions,
    Welcome,
)
from botbus_protocol.replies.reply import Done, Lease, Reply
from botbus_protocol.replies.shared_records import (
    RECORD_REPLIES,
    ConfigurationReply,
    Configurations,
    ConnectionReply,
    Connections,
    RecordReply,
    SessionReply,
    Sessions,
    Tags,
    TaskReply,
    Tasks,
    ToolExecutionReply,
    ToolExecutions,
    WorkflowTaskReply,
    WorkflowTasks,
    WorkstreamReply,
    Workstreams,
)
from botbus_protocol.replies.workflows import (
    WORKFLOW_REPLIES,
    Checkpoint,
    Claimed,
    DefinitionReply,
    Definitions,
    Explanation,
    Extended,
    RunReply,
    Runs,
    ScheduleReply,
    Schedules,
    StepIds,
    StepReply,
    Steps,
    WorkflowReply,
)

__all__ = [
    "REPLY_OF",
    "Answer",
    "AnyReply",
    "Bots",
    "ChannelReply",
    "Channels",
    "Checkpoint",
    "Claimed",
    "ConfigurationReply",
    "Configurations",
    "ConnectionReply",
    "Connections",
    "DeadLetters",
    "DefinitionReply",
    "Definitions",
    "Deliveries",
    "Done",
    "Explanation",
    "Extended",
    "Figures",
    "Lease",
    "MessageLife",
    "Messages",
    "Receipt",
    "Reply",
    "RunReply",
    "Runs",
    "ScheduleReply",
    "Schedules",
    "SessionReply",
    "Sessions",
    "StepIds",
    "StepReply",
    "Steps",
    "SubscriptionReply",
    "Subscriptions",
    "Tags",
    "TaskReply",
    "Tasks",
    "ToolExecutionReply",
    "ToolExecutions",
    "Welcome",
    "WorkflowTaskReply",
    "WorkflowTasks",
    "WorkstreamReply",
    "Workstreams",
]

AnyReply = Done | Lease | Figures | MessageReply | WorkflowReply | RecordReply

REPLY_OF: dict[type[requests.Request], type[Reply]] = {
    **FIGURES_REPLIES,
    **MESSAGE_REPLIES,
    **WORKFLOW_REPLIES,
    **RECORD_REPLIES,
}
