"""Runs: one, pages of them by what they are filtered by, and what is around one.

Pages are newest first by seq, the order in which runs were made. Times go the same way, so a bound in
time is looked up as a bound in seq.
"""

import sqlite3
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from botbus_protocol.grammar import looks_like_id
from botbus_protocol.records import Run, WorkflowStatus
from botbus_protocol.states import RunStatus
from botbus_storage.reading.rows import READ_BYTES
from botbus_storage.reading.run_rows import RUN_COLUMNS, RUN_FROM, whole_run

_SELECT = f"SELECT {RUN_COLUMNS} FROM {RUN_FROM} WHERE"
_CRASHED = f"{_SELECT} r.status = 'crashed' AND r.seq > :after ORDER BY r.seq LIMIT :limit"
_NEWEST_FIRST = "ORDER BY r.seq DESC LIMIT :limit"
_SEQ_FROM = "SELECT seq, created_at FROM workflow_runs WHERE seq >= ? ORDER BY seq LIMIT 1"
_FIRST = "SELECT coalesce(min(seq), 1) FROM workflow_runs"
_LAST = "SELECT coalesce(max(seq), 0) FROM workflow_runs"
_NAMED = "SELECT id FROM workflows WHERE name = ?"

_AROUND = """
    SELECT w.status, w.concurrency, r.concurrency_key, (
        SELECT count(*) FROM workflow_runs o WHERE o.workflow_id = w.id AND o.status = 'running')
    FROM workflow_runs r JOIN workflows w ON w.id = r.workflow_id WHERE r.id = ?
"""
_SLOT_HOLDERS = """
    SELECT id FROM workflow_runs
    WHERE concurrency_key = ? AND has_slot = 1
    AND status IN ('pending', 'running', 'paused', 'crashed') AND id <> ? ORDER BY seq LIMIT 100
"""
_NAMESAKES = """
    SELECT o.id, coalesce(b.name, o.owner_bot_id) FROM workflow_runs r
    JOIN workflows w ON w.id = r.workflow_id JOIN workflows o ON o.name = w.name AND o.id <> w.id
    LEFT JOIN bots b ON b.id = o.owner_bot_id WHERE r.id = ? ORDER BY o.owner_type DESC LIMIT 100
"""
_CURRENT_STEPS = """
    SELECT s.step_id FROM workflow_steps s
    WHERE s.run_id = ? AND s.superseded = 0 AND s.status = 'running' AND NOT EXISTS (
        SELECT 1 FROM workflow_waits w WHERE w.run_id = s.run_id AND w.step_id = s.step_id)
    ORDER BY s.seq LIMIT 100
"""

_FILTERS = {
    "status": "r.status = :status",
    "key": """r.seq IN (
        SELECT seq FROM workflow_runs
        WHERE workflow_id IN (SELECT id FROM workflows) AND run_key = :key
        UNION SELECT seq FROM workflow_runs WHERE concurrency_key = :key)""",
    "text": """(instr(r.trigger_payload, :json_text) OR instr(r.result, :json_text)
        OR instr(r.error, :text))""",
    "created_after": "r.created_at > :created_after AND r.seq >= :first",
    "created_before": "r.created_at < :created_before AND r.seq < :end",
    "before": "r.seq < :before",
}
"""By the field of a `RunScope`. Every workflow's runs are asked for a key, since the index of the keys
is by workflow."""


class RunScope(Struct, frozen=True, kw_only=True):
    """Which runs are asked for."""

    workflow: str | None = None
    """A name, whoever the workflow belongs to, or an id."""
    status: RunStatus | None = None
    key: str | None = None
    """Key of the run, or concurrency key."""
    text: str | None = None
    """In its input, result or error."""
    created_after: str | None = None
    created_before: str | None = None
    before: int | None = None
    limit: int = 50


class Around(Struct, frozen=True, kw_only=True):
    """What decides whether a run can go on, beside the run itself."""

    workflow_status: WorkflowStatus
    concurrency: int | None
    """How many runs of its workflow may be running at a time."""
    running: int
    """How many are."""
    slot_holders: list[str]
    """Ids of other runs that have the slots of its concurrency key, oldest first, at most 100."""
    current_steps: list[str]
    """Steps that are being run, at most 100; none that only wait."""
    namesakes: dict[str, str | None]
    """Other workflows of the same name, at most 100: by id the bot that each belongs to, if to one."""


def list_runs(connection: sqlite3.Connection, scope: RunScope) -> list[Run]:
    """Newest first, with waits and context; fewer than asked for if they are large."""
    fields = msgspec.structs.asdict(scope)
    filters = [text for name, text in _FILTERS.items() if fields[name] is not None]
    if scope.text is not None:
        fields["json_text"] = orjson.dumps(scope.text)[1:-1].decode()
    if scope.created_after is not None:
        fields["first"] = first_seq_at(connection, scope.created_after)
    if scope.created_before is not None:
        fields["end"] = first_seq_at(connection, scope.created_before)
    if scope.workflow is not None:
        filters.append(_of_workflow(connection, scope.workflow, fields))
    where = " AND ".join(filters) or "true"
    return _within(connection, f"{_SELECT} {where} {_NEWEST_FIRST}", fields)


def _of_workflow(connection: sqlite3.Connection, workflow: str, fields: dict[str, Any]) -> str:
    """The filter by workflow. For a single one the index gives the order too."""
    if not looks_like_id(workflow):
        ids = [row[0] for row in connection.execute(_NAMED, (workflow,))]
        if len(ids) != 1:
            return "r.workflow_id IN (SELECT id FROM workflows WHERE name = :workflow)"
        fields["workflow"] = ids[0]
    return "r.workflow_id = :workflow"


def first_seq_at(connection: sqlite3.Connection, moment: str) -> int:
    """The seq of the first run made at a stored time or later; beyond the last one if there is none."""
    low = connection.execute(_FIRST).fetchone()[0]
    high = connection.execute(_LAST).fetchone()[0] + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(_SEQ_FROM, (middle,)).fetchone()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return int(low)


def list_crashed_runs(connection: sqlite3.Connection, after: int, limit: int) -> list[Run]:
    """Runs whose worker died and that nobody has claimed since, oldest first."""
    return _within(connection, _CRASHED, {"after": after, "limit": limit})


def read_around(connection: sqlite3.Connection, run_id: str) -> Around | None:
    """What is around a run; None if there is no such run."""
    row = connection.execute(_AROUND, (run_id,)).fetchone()
    if row is None:
        return None
    status, concurrency, key, running = row
    holders = connection.execute(_SLOT_HOLDERS, (key, run_id)) if key is not None else ()
    return Around(
        workflow_status=status,
        concurrency=concurrency,
        running=running,
        slot_holders=[holder[0] for holder in holders],
        current_steps=[step[0] for step in connection.execute(_CURRENT_STEPS, (run_id,))],
        namesakes=dict(connection.execute(_NAMESAKES, (run_id,)).fetchall()),
    )


def _within(
    connection: sqlite3.Connection, statement: str, parameters: dict[str, Any]
) -> list[Run]:
    runs: list[Run] = []
    budget = READ_BYTES
    for row in connection.execute(statement, parameters):
        runs.append(whole_run(connection, row))
        budget -= _size(runs[-1])
        if budget <= 0:
            break
    return runs


def _size(run: Run) -> int:
    """Bytes of what may be large."""
    return sum(len(part) for part in (run.input, run.context, run.result) if part)
