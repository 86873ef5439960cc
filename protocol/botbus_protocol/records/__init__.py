"""The things bots talk about, as they travel.

Records are values; whoever receives one may keep it. Times are RFC 3339 UTC text, ids UUIDv7 text.
New fields get defaults, so that an older client can read a newer daemon's records.
"""

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

__all__ = [
    "Bot",
    "CatchUp",
    "Channel",
    "ClaimedRun",
    "DeadLetter",
    "Definition",
    "Delivery",
    "DeliveryRecord",
    "DeliveryState",
    "Message",
    "Notice",
    "NoticeKind",
    "OwnerType",
    "Run",
    "Schedule",
    "Step",
    "Subscription",
    "Wait",
    "WaitKind",
    "WorkflowStatus",
]
