"""The reply about what goes on in the daemon."""

from botbus_protocol import requests
from botbus_protocol.records import (
    Backlog,
    CommitFigures,
    RetentionFigures,
    StorageFigures,
    Traffic,
)
from botbus_protocol.replies.reply import Reply


class Figures(Reply, frozen=True, tag="figures"):
    server: str
    """Name and version of the daemon."""
    boot: int
    """How often this database has been served."""
    pid: int
    uptime_seconds: float
    memory_bytes: int
    """Of the process, in RAM."""
    traffic: Traffic
    commits: CommitFigures
    storage: StorageFigures
    backlog: Backlog
    retention: RetentionFigures
    unwell: str | None = None
    """Why health is red."""
    connections: int = 0
    bots: int = 0
    """That are connected."""
    parked: int = 0
    """Requests that wait."""
    in_flight: int = 0
    """Deliveries that are handed out and not settled."""
    runs_held: int = 0
    """Runs that a worker holds."""


FIGURES_REPLIES: dict[type[requests.Request], type[Reply]] = {requests.Stats: Figures}
"""Which reply answers which request."""
