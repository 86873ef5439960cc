"""The Python client of botbus: the bus of the bots of one host.

    async with botbus.connect("planner") as bus:
        await bus.send("coder", {"task": "fix #12"}, type="task")
        async for delivery in bus.listen():
            await delivery.reply({"done": True})

A workflow is an async function whose steps are on disk; a worker that dies is followed by another one.

    @botbus.workflow("release")
    async def release(run: botbus.Run) -> str:
        return await run.step("tag", make_tag, run.input["version"], retries=3)

    await bus.work(release)
    result = await (await bus.start("release", {"version": "1.2"})).result()

It works under asyncio and trio, and installs no event loop; `connect_sync` is the same without
`await`.
"""

from botbus.bus import Bus, connect
from botbus.deliveries import Delivery
from botbus.errors import (
    BadFrame,
    BusError,
    Conflict,
    Denied,
    IllegalState,
    Internal,
    Invalid,
    LeaseLost,
    Limit,
    Loop,
    NotFound,
    ShuttingDown,
    StorageFailed,
    StorageFull,
    Timeout,
    TooLarge,
    Unavailable,
    UnknownOp,
    UnsupportedVersion,
)
from botbus.sync import SyncBus, connect_sync
from botbus.workflows.approvals import Approval
from botbus.workflows.definition import Workflow, workflow
from botbus.workflows.errors import RunCancelled, RunFailed, StepFailed, StepTimeout
from botbus.workflows.handle import RunHandle
from botbus.workflows.run import Run
from botbus.workflows.worker import Worker
from botbus_protocol import __version__
from botbus_protocol.grammar import new_id
from botbus_protocol.records import (
    Channel,
    Configuration,
    Connection,
    Message,
    Session,
    Subscription,
    Task,
    ToolExecution,
    WorkflowTask,
    Workstream,
)
from botbus_protocol.replies import Receipt

__all__ = [
    "Approval",
    "BadFrame",
    "Bus",
    "BusError",
    "Channel",
    "Configuration",
    "Conflict",
    "Connection",
    "Delivery",
    "Denied",
    "IllegalState",
    "Internal",
    "Invalid",
    "LeaseLost",
    "Limit",
    "Loop",
    "Message",
    "NotFound",
    "Receipt",
    "Run",
    "RunCancelled",
    "RunFailed",
    "RunHandle",
    "Session",
    "ShuttingDown",
    "StepFailed",
    "StepTimeout",
    "StorageFailed",
    "StorageFull",
    "Subscription",
    "SyncBus",
    "Task",
    "Timeout",
    "TooLarge",
    "ToolExecution",
    "Unavailable",
    "UnknownOp",
    "UnsupportedVersion",
    "Worker",
    "Workflow",
    "WorkflowTask",
    "Workstream",
    "__version__",
    "connect",
    "connect_sync",
    "new_id",
    "workflow",
]
