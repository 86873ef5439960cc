"""Workstreams and their tags."""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import SCRATCH, Workstream
from botbus_storage.operations import UNCHANGED, Changed
from botbus_storage.reading.records.workstreams import get_workstream
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.record_operations.workstreams import (
    CreateWorkstream,
    DeleteWorkstream,
    EnsureScratch,
    SetTags,
    UpdateWorkstream,
)
from botbus_storage.writing.records.rows import check_repeat, given, insert, missing, update
from botbus_storage.writing.transaction import Transaction

_CREATED = ("title", "summary", "state", "default_model")
_UNTAG = "DELETE FROM workstream_tags WHERE workstream_id = ?"
_TAG = "INSERT INTO workstream_tags (workstream_id, tag) VALUES (?, ?)"
_SESSIONS = "SELECT count(*) FROM sessions WHERE workstream_id = ?"
_DELETE = "DELETE FROM workstreams WHERE id = ?"


def create_workstream(tx: Transaction, op: CreateWorkstream) -> Kept[Workstream]:
    tags = sorted(set(op.tags))
    row = {"id": op.id} | {field: getattr(op, field) for field in _CREATED}
    there = get_workstream(tx.connection, op.id)
    if there is not None:
        if there.updated_at == there.created_at:
            have = {field: getattr(there, field) for field in row}
            check_repeat(f"workstream {op.id}", have, row)
        return Kept(record=there, changed=False)
    insert(tx, "workstreams", row | {"created_at": tx.now, "updated_at": tx.now})
    tx.connection.executemany(_TAG, [(op.id, tag) for tag in tags])
    return Kept(record=required_workstream(tx, op.id))


def update_workstream(tx: Transaction, op: UpdateWorkstream) -> Kept[Workstream]:
    there = required_workstream(tx, op.id)
    changes = given(op, _CREATED)
    if all(getattr(there, field) == value for field, value in changes.items()):
        return Kept(record=there, changed=False)
    update(tx, "workstreams", op.id, changes | {"updated_at": tx.now})
    return Kept(record=required_workstream(tx, op.id))


def set_tags(tx: Transaction, op: SetTags) -> Kept[Workstream]:
    there = required_workstream(tx, op.workstream_id)
    tags = sorted(set(op.tags))
    if tags == there.tags:
        return Kept(record=there, changed=False)
    tx.connection.execute(_UNTAG, (op.workstream_id,))
    tx.connection.executemany(_TAG, [(op.workstream_id, tag) for tag in tags])
    update(tx, "workstreams", op.workstream_id, {"updated_at": tx.now})
    return Kept(record=required_workstream(tx, op.workstream_id))


def delete_workstream(tx: Transaction, op: DeleteWorkstream) -> Changed:
    if op.id == SCRATCH:
        raise Refused(
            Code.DENIED, "the scratch workstream stays: delete what is in it, or archive it"
        )
    sessions = tx.connection.execute(_SESSIONS, (op.id,)).fetchone()[0]
    if tx.connection.execute(_DELETE, (op.id,)).rowcount == 0:
        return UNCHANGED
    return Changed(count=sessions)


def ensure_scratch(tx: Transaction, _: EnsureScratch) -> Kept[Workstream]:
    there = get_workstream(tx.connection, SCRATCH)
    if there is not None:
        return Kept(record=there, changed=False)
    row = {"id": SCRATCH, "title": "Scratch", "is_scratch": 1}
    insert(tx, "workstreams", row | {"created_at": tx.now, "updated_at": tx.now})
    return Kept(record=required_workstream(tx, SCRATCH))


def required_workstream(tx: Transaction, workstream_id: str) -> Workstream:
    """Raises Refused if there is none."""
    there = get_workstream(tx.connection, workstream_id)
    if there is None:
        raise missing("workstream", workstream_id, "`botbus workstream list` lists them")
    return there
