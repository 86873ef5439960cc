"""Schedules, which start runs by the clock: of a workflow, of all, and those that come next."""

import sqlite3
from typing import Any

from botbus_protocol import bodies
from botbus_protocol.records import Schedule
from botbus_storage.reading.rows import READ_BYTES

_SELECT = """
    SELECT s.id, s.workflow_id, w.name, s.cron, s.timezone, s.catch_up, s.input,
        coalesce(b.name, s.created_by_bot_id), s.created_at, s.last_at, s.next_at
    FROM workflow_schedules s JOIN workflows w ON w.id = s.workflow_id
    LEFT JOIN bots b ON b.id = s.created_by_bot_id
"""
_BY_ID = f"{_SELECT} WHERE s.id = ?"
_ALL = f"{_SELECT} WHERE s.id > :after ORDER BY s.id LIMIT :limit"
_OF_WORKFLOW = f"""
    {_SELECT} WHERE s.workflow_id = :workflow AND s.id > :after ORDER BY s.id LIMIT :limit
"""
_NEXT = f"{_SELECT} ORDER BY s.next_at LIMIT :limit"


def read_schedule(connection: sqlite3.Connection, schedule_id: str) -> Schedule | None:
    row = connection.execute(_BY_ID, (schedule_id,)).fetchone()
    return None if row is None else _schedule(row)


def list_schedules(
    connection: sqlite3.Connection, workflow_id: str | None, after: str, limit: int
) -> list[Schedule]:
    """Of a workflow, or of all, by id after an id; fewer than asked for if their inputs are large."""
    if workflow_id is None:
        return _within(connection.execute(_ALL, {"after": after, "limit": limit}))
    parameters = {"workflow": workflow_id, "after": after, "limit": limit}
    return _within(connection.execute(_OF_WORKFLOW, parameters))


def next_schedules(connection: sqlite3.Connection, limit: int) -> list[Schedule]:
    """Those whose time comes first, soonest first."""
    return _within(connection.execute(_NEXT, {"limit": limit}))


def _within(rows: sqlite3.Cursor) -> list[Schedule]:
    schedules: list[Schedule] = []
    budget = READ_BYTES
    for row in rows:
        schedules.append(_schedule(row))
        budget -= len(row[6] or "")
        if budget <= 0:
            break
    return schedules


def _schedule(row: tuple[Any, ...]) -> Schedule:
    return Schedule(
        id=row[0],
        workflow_id=row[1],
        workflow=row[2],
        cron=row[3],
        timezone=row[4],
        catch_up=row[5],
        input=None if row[6] is None else bodies.from_json(row[6]),
        created_by=row[7],
        created_at=row[8],
        last_at=row[9],
        next_at=row[10],
    )
