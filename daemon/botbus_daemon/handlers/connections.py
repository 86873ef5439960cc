"""register_connection, heartbeat_connection, close_connection, get_connection, list_connections."""

import msgspec

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import found, window
from botbus_daemon.wire_json import json_text
from botbus_protocol import requests, timestamps
from botbus_protocol.records import Connection
from botbus_protocol.replies import ConnectionReply, Connections
from botbus_protocol.requests import (
    CloseConnection,
    GetConnection,
    HeartbeatConnection,
    ListConnections,
    RegisterConnection,
)
from botbus_storage import clock
from botbus_storage.reading.records.connections import ConnectionScope
from botbus_storage.record_operations import connections as ops
from botbus_storage.record_operations.outcomes import Kept


async def register_connection(broker: Broker, caller: Caller, request: RegisterConnection) -> Plan:
    caller.bot()
    limit = broker.settings.limits.body_bytes
    operation = ops.RegisterConnection(
        id=request.id,
        client_id=request.client_id,
        connection_type=request.connection_type,
        user_id=request.user_id or None,
        metadata=json_text(request.metadata, "metadata", limit),
        heartbeat_secs=request.heartbeat_secs,
    )
    return _watched(broker, operation)


async def heartbeat_connection(
    broker: Broker, caller: Caller, request: HeartbeatConnection
) -> Plan:
    caller.bot()
    return _watched(broker, ops.HeartbeatConnection(id=request.id))


async def close_connection(_: Broker, caller: Caller, request: CloseConnection) -> Plan:
    caller.bot()
    return Write(ops.CloseConnection(id=request.id), _reply)


async def get_connection(broker: Broker, _: Caller, request: GetConnection) -> Plan:
    there = await broker.store.connections.get_connection(request.id)
    connection = found(there, "connection", request.id, "`botbus connections` lists them")
    return ConnectionReply(connection=_present(connection))


async def list_connections(broker: Broker, _: Caller, request: ListConnections) -> Plan:
    scope = ConnectionScope(
        client_id=request.client_id,
        user_id=request.user_id,
        connection_type=request.connection_type,
        is_active=request.is_active,
    )
    page = window(
        broker, request.created_after, request.created_before, request.before_id, request.limit
    )
    listed = await broker.store.connections.list_connections(scope, page)
    return Connections(connections=[_present(connection) for connection in listed])


def _watched(broker: Broker, operation: ops.RegisterConnection | ops.HeartbeatConnection) -> Write:
    """A write after which a connection is active until it falls silent."""

    def then(outcome: Kept[Connection]) -> ConnectionReply:
        broker.records.deadlines.at(outcome.record.expires_at)
        return _reply(outcome)

    return Write(operation, then)


def _present(connection: Connection) -> Connection:
    """A client of the daemon whose pipe is there was seen just now."""
    if connection.connection_type != "ipc" or not connection.is_active:
        return connection
    now = timestamps.from_epoch(clock.now())
    return msgspec.structs.replace(connection, last_heartbeat=now)


def _reply(outcome: Kept[Connection]) -> ConnectionReply:
    return ConnectionReply(connection=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    RegisterConnection: register_connection,
    HeartbeatConnection: heartbeat_connection,
    CloseConnection: close_connection,
    GetConnection: get_connection,
    ListConnections: list_connections,
}
