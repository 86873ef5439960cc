"""The requests about the record of connections.

The daemon enters its own clients itself. Somebody who serves others (over a WebSocket, say) enters
theirs, and says now and then that they are still there.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Raw

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id
from botbus_protocol.records.connections import ConnectionType
from botbus_protocol.requests.record_fields import LongName, OptionalName, check_window
from botbus_protocol.requests.request import Request, check_count


class RegisterConnection(Request, frozen=True, tag="register_connection"):
    """Enters somebody else's connection; the same id again is the same connection."""

    mutates: ClassVar[bool] = True

    id: str
    client_id: LongName
    connection_type: Literal["websocket", "http", "grpc"]
    user_id: OptionalName | None = None
    metadata: Raw = NULL
    heartbeat_secs: Annotated[float, Meta(ge=0.1, le=86400.0)] = 60.0
    """How long a heartbeat lasts: without another one the connection is inactive then."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class HeartbeatConnection(Request, frozen=True, tag="heartbeat_connection"):
    """It is still there; one that was inactive is active again."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class CloseConnection(Request, frozen=True, tag="close_connection"):
    """It is gone: inactive from now on."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class GetConnection(Request, frozen=True, tag="get_connection"):
    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListConnections(Request, frozen=True, tag="list_connections"):
    """Connections, newest first."""

    client_id: str | None = None
    user_id: str | None = None
    connection_type: ConnectionType | None = None
    is_active: bool | None = None
    created_after: str | None = None
    created_before: str | None = None
    before_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        check_window(self.created_after, self.created_before, self.before_id, "created")
        check_count(self.limit, "limit")


RegistryRequest = (
    RegisterConnection | HeartbeatConnection | CloseConnection | GetConnection | ListConnections
)
