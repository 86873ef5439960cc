"""Who is and was connected."""

import sqlite3

from msgspec import Struct

from botbus_protocol.records import Connection, ConnectionType
from botbus_storage.reading.records.paging import Window, newest_first, within_budget
from botbus_storage.reading.records.rows import CONNECTION, connection_of

_GONE = "SELECT count(*) FROM connections WHERE connection_type = 'ipc' AND is_active = 0"
_EARLIEST_GONE = """
    SELECT last_heartbeat FROM connections WHERE is_active = 0 ORDER BY last_heartbeat LIMIT 1
"""


class ConnectionScope(Struct, frozen=True, kw_only=True):
    """Which connections; None stands for any."""

    client_id: str | None = None
    user_id: str | None = None
    connection_type: ConnectionType | None = None
    is_active: bool | None = None


def get_connection(connection: sqlite3.Connection, connection_id: str) -> Connection | None:
    row = connection.execute(f"{CONNECTION} WHERE id = ?", (connection_id,)).fetchone()
    return None if row is None else connection_of(row)


def ended_connections(connection: sqlite3.Connection) -> tuple[int, str | None]:
    """How many of the daemon's own clients are gone, and when any that is gone was last heard of."""
    (clients,) = connection.execute(_GONE).fetchone()
    row = connection.execute(_EARLIEST_GONE).fetchone()
    return clients, None if row is None else row[0]


def list_connections(
    connection: sqlite3.Connection, scope: ConnectionScope, window: Window
) -> list[Connection]:
    conditions = {
        "client_id": scope.client_id,
        "user_id": scope.user_id,
        "connection_type": scope.connection_type,
        "is_active": scope.is_active,
    }
    return within_budget(connection, *newest_first(CONNECTION, conditions, window), connection_of)
