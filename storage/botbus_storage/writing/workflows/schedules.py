"""Saving schedules, and deleting them. One that fires is moved on where its run is made."""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Schedule
from botbus_storage.operations import CHANGED, UNCHANGED, Changed
from botbus_storage.reading.schedules import read_schedule
from botbus_storage.reading.workflows import same_content
from botbus_storage.workflow_operations import (
    DeleteSchedule,
    MoveSchedule,
    SavedSchedule,
    SaveSchedule,
)
from botbus_storage.writing.transaction import Transaction

_SAME = """
    SELECT input FROM workflow_schedules
    WHERE id = ? AND workflow_id = ? AND cron = ? AND timezone = ? AND catch_up = ?
"""
_WORKFLOW = "SELECT 1 FROM workflows WHERE id = ?"
_SAVE = """
    INSERT INTO workflow_schedules (id, workflow_id, cron, timezone, catch_up, input,
        created_by_bot_id, created_at, next_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        workflow_id = excluded.workflow_id, cron = excluded.cron, timezone = excluded.timezone,
        catch_up = excluded.catch_up, input = excluded.input,
        created_by_bot_id = excluded.created_by_bot_id, next_at = excluded.next_at
"""
_DELETE = "DELETE FROM workflow_schedules WHERE id = ?"
_MOVE = "UPDATE workflow_schedules SET next_at = ? WHERE id = ?"


def save_schedule(tx: Transaction, op: SaveSchedule) -> SavedSchedule:
    """A repeat leaves it as it is, its next time too. Raises Refused (`not_found`)."""
    if tx.connection.execute(_WORKFLOW, (op.workflow_id,)).fetchone() is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no workflow {op.workflow_id}: save its definition first"
        )
    if not _is_saved(tx, op):
        tx.connection.execute(
            _SAVE,
            (
                op.id,
                op.workflow_id,
                op.cron,
                op.timezone,
                op.catch_up,
                op.input,
                op.bot_id,
                tx.now,
                op.next_at,
            ),
        )
    return SavedSchedule(schedule=_read(tx, op.id))


def _is_saved(tx: Transaction, op: SaveSchedule) -> bool:
    values = (op.id, op.workflow_id, op.cron, op.timezone, op.catch_up)
    row = tx.connection.execute(_SAME, values).fetchone()
    return row is not None and same_content(row[0], op.input)


def _read(tx: Transaction, schedule_id: str) -> Schedule:
    schedule = read_schedule(tx.connection, schedule_id)
    assert schedule is not None
    return schedule


def delete_schedule(tx: Transaction, op: DeleteSchedule) -> Changed:
    gone = tx.connection.execute(_DELETE, (op.id,)).rowcount == 1
    return CHANGED if gone else UNCHANGED


def move_schedule(tx: Transaction, op: MoveSchedule) -> Changed:
    moved = tx.connection.execute(_MOVE, (op.next_at, op.id)).rowcount == 1
    return CHANGED if moved else UNCHANGED
