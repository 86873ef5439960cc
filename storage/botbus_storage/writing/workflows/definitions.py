"""Saving definitions, and deleting them.

A definition belongs to its owner for good. Each content that a version has had is a snapshot, so that
a run goes on with what it began with; saving what is saved already adds none.
"""

import sqlite3

from msgspec import Struct

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import new_id
from botbus_storage.operations import UNCHANGED, Changed
from botbus_storage.reading.workflows import read_definition, same_content
from botbus_storage.workflow_operations import (
    NOTHING,
    Aftermath,
    DeleteDefinition,
    SavedDefinition,
    SaveDefinition,
)
from botbus_storage.writing.transaction import Transaction

_COLUMNS = "id, owner_type, owner_bot_id, definition, status, concurrency"
_BY_ID = f"SELECT {_COLUMNS} FROM workflows WHERE id = ?"
_BY_OWNER = f"""
    SELECT {_COLUMNS} FROM workflows
    WHERE name = ? AND owner_type = ? AND coalesce(owner_bot_id, '') = ?
"""
_ADD = """
    INSERT INTO workflows (id, name, description, status, owner_type, owner_bot_id, definition,
        version, concurrency, timeout_secs, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?11, ?11)
"""
_REPLACE = """
    UPDATE workflows SET name = ?, description = ?, status = ?, definition = ?, version = ?,
        concurrency = ?, timeout_secs = ?, updated_at = ?
    WHERE id = ?
"""
_SNAPSHOT = """
    SELECT definition FROM workflow_snapshots WHERE workflow_id = ? AND version = ?
    ORDER BY snapshot_id DESC LIMIT 1
"""
_ADD_SNAPSHOT = """
    INSERT INTO workflow_snapshots (workflow_id, version, definition, saved_at) VALUES (?, ?, ?, ?)
"""
_COUNT = "SELECT count(*), count(completed_at) FROM workflow_runs WHERE workflow_id = ?"
_DELETE_RUNS = "DELETE FROM workflow_runs WHERE workflow_id = ?"
_DELETE = "DELETE FROM workflows WHERE id = ?"


class _Saved(Struct, frozen=True, gc=False):
    """In the order of `_COLUMNS`."""

    id: str
    owner_type: str
    owner_bot_id: str | None
    definition: str
    status: str
    concurrency: int | None


def save_definition(tx: Transaction, op: SaveDefinition) -> SavedDefinition:
    """Raises Refused (`conflict`)."""
    before = _find(tx.connection, op)
    if before is None:
        workflow_id = op.id or new_id()
        _add(tx, op, workflow_id)
    else:
        workflow_id = before.id
        if not same_content(before.definition, op.definition):
            _replace(tx, op, workflow_id)
    definition = read_definition(tx.connection, workflow_id)
    assert definition is not None
    return SavedDefinition(
        definition=definition, created=before is None, aftermath=_aftermath(before, op)
    )


def _find(connection: sqlite3.Connection, op: SaveDefinition) -> _Saved | None:
    """What the operation replaces. Raises Refused (`conflict`)."""
    owner = (op.name, op.owner_type, op.owner_bot_id or "")
    named = _one(connection, _BY_OWNER, *owner)
    if op.id is None:
        return named
    meant = _one(connection, _BY_ID, op.id)
    if named is not None and named.id != op.id:
        raise Refused(
            Code.CONFLICT,
            f"workflow {op.name!r} of this owner has the id {named.id}: "
            "save it with that id, or without one",
            id=named.id,
        )
    if meant is not None and (meant.owner_type, meant.owner_bot_id) != (
        op.owner_type,
        op.owner_bot_id,
    ):
        raise Refused(
            Code.CONFLICT,
            f"the id {op.id} is that of another owner's workflow: leave the id out for one of your own",
            owner_type=meant.owner_type,
        )
    return meant


def _one(connection: sqlite3.Connection, statement: str, *values: str) -> _Saved | None:
    row = connection.execute(statement, values).fetchone()
    return None if row is None else _Saved(*row)


def _add(tx: Transaction, op: SaveDefinition, workflow_id: str) -> None:
    tx.connection.execute(
        _ADD,
        (
            workflow_id,
            op.name,
            op.description,
            op.status,
            op.owner_type,
            op.owner_bot_id,
            op.definition,
            op.version,
            op.concurrency,
            op.timeout_secs,
            tx.now,
        ),
    )
    _keep_snapshot(tx, op, workflow_id)


def _replace(tx: Transaction, op: SaveDefinition, workflow_id: str) -> None:
    tx.connection.execute(
        _REPLACE,
        (
            op.name,
            op.description,
            op.status,
            op.definition,
            op.version,
            op.concurrency,
            op.timeout_secs,
            tx.now,
            workflow_id,
        ),
    )
    _keep_snapshot(tx, op, workflow_id)


def _keep_snapshot(tx: Transaction, op: SaveDefinition, workflow_id: str) -> None:
    """Keeps the content, unless it is what this version had last: workers of two versions may save in
    turns.
    """
    row = tx.connection.execute(_SNAPSHOT, (workflow_id, op.version)).fetchone()
    if row is None or not same_content(row[0], op.definition):
        values = (workflow_id, op.version, op.definition, tx.now)
        tx.connection.execute(_ADD_SNAPSHOT, values)


def _aftermath(before: _Saved | None, op: SaveDefinition) -> Aftermath:
    """Runs that were kept back by the status or the concurrency may be claimed now."""
    if before is None or (before.status, before.concurrency) == (op.status, op.concurrency):
        return NOTHING
    return Aftermath(ready=(before.id,))


def delete_definition(tx: Transaction, op: DeleteDefinition) -> Changed:
    """Raises Refused (`conflict`) if it has runs; if it is forced, only for unfinished ones."""
    total, finished = tx.connection.execute(_COUNT, (op.id,)).fetchone()
    if total > finished:
        raise Refused(
            Code.CONFLICT,
            f"the workflow has {total - finished} unfinished runs: cancel them, or let them end",
            runs=total,
            unfinished=total - finished,
        )
    if total and not op.force:
        raise Refused(
            Code.CONFLICT,
            f"the workflow has {total} finished runs: delete it with force to delete them too",
            runs=total,
            unfinished=0,
        )
    tx.connection.execute(_DELETE_RUNS, (op.id,))
    gone = tx.connection.execute(_DELETE, (op.id,)).rowcount == 1
    return Changed(changed=True, count=total) if gone else UNCHANGED
