"""The record of connections: the daemon's own clients, and those that others register."""

import msgspec

from botbus_protocol import timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Connection
from botbus_storage.operations import CHANGED, Changed
from botbus_storage.reading.records.connections import get_connection
from botbus_storage.record_operations.connections import (
    CloseConnection,
    ForgetConnections,
    HeartbeatConnection,
    NoteClient,
    RegisterConnection,
)
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.writing.records.rows import check_repeat, insert, missing, update
from botbus_storage.writing.transaction import Transaction

_NOTE = """
    INSERT INTO connections (id, client_id, user_id, connection_type, is_active, metadata,
                             created_at, updated_at, last_heartbeat)
    VALUES (?, ?, ?, 'ipc', ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        client_id = excluded.client_id, is_active = excluded.is_active,
        metadata = excluded.metadata, updated_at = excluded.updated_at,
        last_heartbeat = excluded.last_heartbeat
"""
_CLOSE_ALL = "UPDATE connections SET is_active = 0, updated_at = ? WHERE is_active = 1"
_FORGET_BEYOND = """
    DELETE FROM connections WHERE id IN (
        SELECT id FROM connections WHERE connection_type = 'ipc' AND is_active = 0
        ORDER BY created_at DESC, id DESC LIMIT :most OFFSET :keep_clients)
"""
_FORGET_OLD = """
    DELETE FROM connections WHERE id IN (
        SELECT id FROM connections WHERE is_active = 0 AND last_heartbeat < :last_seen_before
        ORDER BY last_heartbeat LIMIT :most)
"""
_END_OVERDUE = """
    UPDATE connections SET is_active = 0, updated_at = ? WHERE id IN (
        SELECT id FROM connections
        WHERE expires_at IS NOT NULL AND is_active = 1 AND expires_at <= ?
        ORDER BY expires_at LIMIT ?)
"""
NEXT_EXPIRY = """
    SELECT min(expires_at) FROM connections WHERE expires_at IS NOT NULL AND is_active = 1
"""


def register_connection(tx: Transaction, op: RegisterConnection) -> Kept[Connection]:
    asked = {
        "client_id": op.client_id,
        "user_id": op.user_id,
        "connection_type": op.connection_type,
    }
    there = get_connection(tx.connection, op.id)
    if there is not None:
        have = {field: getattr(there, field) for field in asked}
        check_repeat(f"connection {op.id}", have, asked)
        return Kept(record=there, changed=False)
    row = {
        "id": op.id,
        **asked,
        "metadata": op.metadata,
        "created_at": tx.now,
        "updated_at": tx.now,
        "last_heartbeat": tx.now,
        "heartbeat_secs": op.heartbeat_secs,
        "expires_at": _later(tx.now, op.heartbeat_secs),
    }
    insert(tx, "connections", row)
    return Kept(record=_required(tx, op.id))


def heartbeat_connection(tx: Transaction, op: HeartbeatConnection) -> Kept[Connection]:
    there = _registered(tx, op.id)
    changes = {
        "is_active": 1,
        "updated_at": tx.now,
        "last_heartbeat": tx.now,
        "expires_at": _later(tx.now, there.heartbeat_secs or 0.0),
    }
    update(tx, "connections", op.id, changes)
    return Kept(record=_required(tx, op.id))


def close_connection(tx: Transaction, op: CloseConnection) -> Kept[Connection]:
    there = _registered(tx, op.id)
    if not there.is_active:
        return Kept(record=there, changed=False)
    update(tx, "connections", op.id, {"is_active": 0, "updated_at": tx.now})
    return Kept(record=_required(tx, op.id))


def note_client(tx: Transaction, op: NoteClient) -> Changed:
    times = (op.first_seen_at, tx.now, op.last_seen_at)
    row = (op.id, op.client_id, op.user_id, op.is_active, op.metadata, *times)
    tx.connection.execute(_NOTE, row)
    return CHANGED


def close_all(tx: Transaction) -> None:
    """Nobody is connected: a daemon starts."""
    tx.connection.execute(_CLOSE_ALL, (tx.now,))


def forget_connections(tx: Transaction, op: ForgetConnections) -> Changed:
    parameters = msgspec.to_builtins(op)
    count = sum(
        tx.connection.execute(statement, parameters).rowcount
        for statement in (_FORGET_BEYOND, _FORGET_OLD)
    )
    return Changed(changed=count > 0, count=count)


def end_overdue_connections(tx: Transaction, most: int) -> int:
    """Marks those whose heartbeat has stopped as inactive; how many there were."""
    return tx.connection.execute(_END_OVERDUE, (tx.now, tx.now, most)).rowcount


def _registered(tx: Transaction, connection_id: str) -> Connection:
    """A connection that is not the daemon's own. Raises Refused."""
    there = _required(tx, connection_id)
    if there.connection_type == "ipc":
        raise Refused(
            Code.DENIED,
            f"connection {connection_id} is a client of the daemon, which knows when it goes",
        )
    return there


def _required(tx: Transaction, connection_id: str) -> Connection:
    there = get_connection(tx.connection, connection_id)
    if there is None:
        raise missing("connection", connection_id, "register it first")
    return there


def _later(now: str, seconds: float) -> str:
    return timestamps.from_epoch(timestamps.to_epoch(now) + seconds)
