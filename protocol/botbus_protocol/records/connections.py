"""Who is and was connected."""

from typing import Any, Literal

from msgspec import Struct

ConnectionType = Literal["ipc", "websocket", "http", "grpc"]


class Connection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connection to the daemon (`ipc`), or one to somebody who registers it here."""

    id: str
    client_id: str
    """Of the daemon's own clients: the bot, or `pid:` and the process of one who only watches."""
    user_id: str | None = None
    """Of the daemon's own clients: the uid, from the kernel."""
    connection_type: ConnectionType
    is_active: bool = True
    metadata: Any = None
    """Of the daemon's own clients: `pid`, `gid` and `bots`."""
    created_at: str = ""
    updated_at: str = ""
    last_heartbeat: str = ""
    """When it was last known to be there."""
    heartbeat_secs: float | None = None
    """How long one heartbeat lasts; None for the daemon's own clients, whose pipes tell."""
    expires_at: str | None = None
