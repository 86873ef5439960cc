"""The events of runs: messages that the daemon itself publishes, on a channel of its own.

Any bot may subscribe to the channel; none may publish to it, or take a name that begins like it.
"""

from typing import Literal

RUN_CHANNEL = "botbus.runs"
SYSTEM_BOT = "botbus"
"""The sender of the events."""
SYSTEM_PREFIX = "botbus."
"""Names that begin so belong to the daemon."""

RunEventType = Literal[
    "run.started",
    "run.resumed",
    "run.waiting",
    "run.paused",
    "run.completed",
    "run.failed",
    "run.crashed",
    "run.cancelled",
    "run.large",
]

CRASHED = "its worker died"
"""The error of an attempt of a step whose worker was gone before it ended."""
