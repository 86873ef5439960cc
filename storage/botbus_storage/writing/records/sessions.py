"""Sessions of workstreams."""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Session
from botbus_storage.reading.records.workstreams import get_session
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.record_operations.workstreams import CreateSession, EndSession, UpdateSession
from botbus_storage.writing.records.rows import check_repeat, exists, insert, missing, update
from botbus_storage.writing.records.workstreams import required_workstream
from botbus_storage.writing.transaction import Transaction

_SAME_PEER = "SELECT 1 FROM sessions WHERE id = ? AND peer_bot_id IS ?"


def create_session(tx: Transaction, op: CreateSession) -> Kept[Session]:
    row = {
        "id": op.id,
        "workstream_id": op.workstream_id,
        "session_type": op.session_type,
        "peer_bot_id": op.peer_bot_id,
    }
    there = get_session(tx.connection, op.id)
    if there is not None:
        same_peer = exists(tx, _SAME_PEER, op.id, op.peer_bot_id)
        have = {
            "id": there.id,
            "workstream_id": there.workstream_id,
            "session_type": there.session_type,
            "peer_bot_id": op.peer_bot_id if same_peer else there.peer_bot,
        }
        check_repeat(f"session {op.id}", have, row)
        return Kept(record=there, changed=False)
    workstream = required_workstream(tx, op.workstream_id)
    if workstream.state == "archived":
        raise Refused(
            Code.ILLEGAL_STATE,
            f"workstream {op.workstream_id} is archived: make it active before you start a session",
        )
    insert(tx, "sessions", row | {"started_at": tx.now})
    return Kept(record=required_session(tx, op.id))


def update_session(tx: Transaction, op: UpdateSession) -> Kept[Session]:
    there = required_session(tx, op.id)
    return _changed(tx, there, _kept_of(op) | _compressed(op))


def end_session(tx: Transaction, op: EndSession) -> Kept[Session]:
    there = required_session(tx, op.id)
    changes = _kept_of(op)
    if there.ended_at is None:
        return _changed(tx, there, changes | {"ended_at": tx.now})
    if any(getattr(there, field) != value for field, value in changes.items()):
        raise Refused(
            Code.ILLEGAL_STATE,
            f"session {op.id} has ended at {there.ended_at}: update_session changes what is kept of it",
            ended_at=there.ended_at,
        )
    return Kept(record=there, changed=False)


def _changed(tx: Transaction, there: Session, changes: dict[str, object]) -> Kept[Session]:
    if all(getattr(there, field) == value for field, value in changes.items()):
        return Kept(record=there, changed=False)
    update(tx, "sessions", there.id, changes)
    return Kept(record=required_session(tx, there.id))


def _kept_of(op: UpdateSession | EndSession) -> dict[str, object]:
    """What is to be kept of a session; 0 turns are turns, empty text is no summary."""
    changes: dict[str, object] = {}
    if op.turn_count is not None:
        changes["turn_count"] = op.turn_count
    if op.summary is not None:
        changes["summary"] = op.summary or None
    return changes


def _compressed(op: UpdateSession) -> dict[str, object]:
    return {} if op.compressed is None else {"compressed": op.compressed}


def required_session(tx: Transaction, session_id: str) -> Session:
    """Raises Refused if there is none."""
    there = get_session(tx.connection, session_id)
    if there is None:
        raise missing("session", session_id, "`botbus session list` lists them")
    return there
