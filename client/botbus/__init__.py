"""The Python client of botbus: the bus of the bots of one host.

    async with botbus.connect("planner") as bus:
        await bus.send("coder", {"task": "fix #12"}, type="task")
        async for delivery in bus.listen():
            await delivery.reply({"done": True})

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
from botbus_protocol import __version__
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Channel, Message, Subscription
from botbus_protocol.replies import Receipt

__all__ = [
    "BadFrame",
    "Bus",
    "BusError",
    "Channel",
    "Conflict",
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
    "ShuttingDown",
    "StorageFailed",
    "StorageFull",
    "Subscription",
    "SyncBus",
    "Timeout",
    "TooLarge",
    "Unavailable",
    "UnknownOp",
    "UnsupportedVersion",
    "__version__",
    "connect",
    "connect_sync",
    "new_id",
]
