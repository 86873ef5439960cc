"""What can be done to the record of connections, and to everything whose time runs out."""

from typing import Literal

from botbus_storage.operations import Operation


class RegisterConnection(Operation, frozen=True, kw_only=True):
    """Outcome: `Kept`. Faults: `conflict` (the id belongs to another connection)."""

    id: str
    client_id: str
    connection_type: Literal["websocket", "http", "grpc"]
    user_id: str | None = None
    metadata: str | None = None
    """JSON text."""
    heartbeat_secs: float


class HeartbeatConnection(Operation, frozen=True):
    """Outcome: `Kept`. Faults: `not_found`, `denied` (one of the daemon's own)."""

    id: str


class CloseConnection(Operation, frozen=True):
    """Outcome: `Kept`. Faults: `not_found`, `denied` (one of the daemon's own)."""

    id: str


class NoteClient(Operation, frozen=True, kw_only=True):
    """Enters a client of the daemon's own, or how it is now. Outcome: `Changed`."""

    id: str
    client_id: str
    user_id: str | None
    metadata: str
    """JSON text."""
    is_active: bool
    first_seen_at: str
    last_seen_at: str


class ForgetConnections(Operation, frozen=True, kw_only=True):
    """Deletes connections that have ended, oldest first. Outcome: `Changed`, with their number."""

    last_seen_before: str = ""
    """A stored time: those that were last heard of before it; empty for none."""
    keep_clients: int
    """Of the daemon's own clients that are gone, so many are kept."""
    most: int = 1000
    """Connections that go at once."""


class EndOverdue(Operation, frozen=True):
    """Marks executions and connections whose time is over, at most so many. Outcome: `Overdue`."""

    most: int


class OpenRecords(Operation, frozen=True):
    """The start of a daemon: nobody is connected, scratch is there, changes of configurations have
    their channel. Outcome: `Overdue`, with nothing but the time that is due next.
    """
