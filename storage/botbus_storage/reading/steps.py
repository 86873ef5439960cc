"""The attempts of the steps of a run, and what of them waits for approval."""

import sqlite3

from msgspec import Struct

from botbus_protocol.records import Step
from botbus_storage.reading.rows import READ_BYTES
from botbus_storage.reading.run_rows import STEP_COLUMNS, step_of

_PAGE = f"""
    SELECT {STEP_COLUMNS} FROM workflow_steps s WHERE s.seq IN (
        SELECT seq FROM workflow_steps
        WHERE run_id = :run AND seq > :after AND (:all OR superseded = 0) ORDER BY seq LIMIT :limit)
    ORDER BY s.seq
"""
"""The page is found in an index alone, and its rows come one by one: outputs may be large."""
_COMPLETED = """
    SELECT s.step_id FROM workflow_steps s
    WHERE s.run_id = ? AND s.superseded = 0 AND s.status = 'completed' ORDER BY s.seq
"""
_COUNT = "SELECT count(*) FROM workflow_steps WHERE run_id = ?"
_RUN_OF = "SELECT run_id FROM workflow_steps WHERE id = ?"
_APPROVALS = f"""
    SELECT {STEP_COLUMNS} FROM workflow_steps s WHERE s.seq IN (
        SELECT a.seq FROM workflow_waits w CROSS JOIN workflow_steps a
        WHERE w.kind = 'approval' AND (:run IS NULL OR w.run_id = :run)
        AND a.run_id = w.run_id AND a.step_id = w.step_id AND a.superseded = 0
        AND a.status = 'waiting_approval' AND a.seq > :after ORDER BY a.seq LIMIT :limit)
    ORDER BY s.seq
"""


class StepPage(Struct, frozen=True):
    steps: list[Step]
    more: bool
    """Whether there are more after the last of these."""


def list_step_logs(
    connection: sqlite3.Connection, run_id: str, after: int, limit: int, *, all_rows: bool
) -> StepPage:
    """In the order they were begun; fewer than asked for if they are large.

    Without `all_rows` only those that no retry of the run has superseded.
    """
    parameters = {"run": run_id, "after": after, "all": all_rows, "limit": limit + 1}
    return _within(connection.execute(_PAGE, parameters), limit)


def completed_step_ids(connection: sqlite3.Connection, run_id: str) -> list[str]:
    """Ids of the steps that are completed and count, in the order they were begun."""
    return [row[0] for row in connection.execute(_COMPLETED, (run_id,))]


def count_steps(connection: sqlite3.Connection, run_id: str) -> int:
    """How many attempts of steps a run has."""
    return int(connection.execute(_COUNT, (run_id,)).fetchone()[0])


def run_of_step(connection: sqlite3.Connection, attempt_id: str) -> str | None:
    """The run of an attempt of a step."""
    row = connection.execute(_RUN_OF, (attempt_id,)).fetchone()
    return None if row is None else row[0]


def waiting_approvals(
    connection: sqlite3.Connection, run_id: str | None, after: int, limit: int
) -> list[Step]:
    """What waits for approval, in a run or in all, oldest first."""
    parameters = {"run": run_id, "after": after, "limit": limit}
    return _within(connection.execute(_APPROVALS, parameters), limit).steps


def _within(rows: sqlite3.Cursor, limit: int) -> StepPage:
    steps: list[Step] = []
    budget = READ_BYTES
    for row in rows:
        if budget <= 0 or len(steps) == limit:
            return StepPage(steps, more=True)
        steps.append(step_of(row))
        budget -= len(row[11] or "") + len(row[13] or "") + len(row[14] or "")
    return StepPage(steps, more=False)
