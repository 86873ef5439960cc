"""What the database itself refuses, whoever writes: the last line behind the daemon's own checks."""

import sqlite3
from typing import Any

import pytest

from botbus_protocol.grammar import new_id
from botbus_storage.engine import SqliteEngine

NOW = "2026-01-31T09:00:00.000000Z"
ID, OTHER = new_id(), new_id()

ROWS: dict[str, dict[str, Any]] = {
    "workstreams": {"id": ID, "title": "t", "created_at": NOW, "updated_at": NOW},
    "workstream_tags": {"workstream_id": "scratch", "tag": "a"},
    "sessions": {"id": ID, "workstream_id": "scratch", "started_at": NOW},
    "tasks": {"id": ID, "title": "t", "task_type": "x", "created_at": NOW, "updated_at": NOW},
    "tool_executions": {
        "id": ID,
        "task_id": ID,
        "tool_name": "grep",
        "arguments": "{}",
        "status": "running",
        "created_at": NOW,
    },
    "connections": {
        "id": ID,
        "client_id": "c",
        "connection_type": "http",
        "created_at": NOW,
        "updated_at": NOW,
        "last_heartbeat": NOW,
    },
    "configurations": {
        "key": "k",
        "value": "1",
        "value_type": "integer",
        "created_at": NOW,
        "updated_at": NOW,
    },
}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("workstreams", {"title": ""}),
    ("workstreams", {"title": "x" * 501}),
    ("workstreams", {"title": None}),
    ("workstreams", {"state": "open"}),
    ("workstreams", {"is_scratch": 1}),
    ("workstreams", {"is_scratch": 2}),
    ("workstreams", {"id": "scratch"}),
    ("workstream_tags", {"tag": ""}),
    ("workstream_tags", {"tag": "x" * 65}),
    ("workstream_tags", {"workstream_id": OTHER}),
    ("sessions", {"workstream_id": OTHER}),
    ("sessions", {"turn_count": -1}),
    ("sessions", {"compressed": 2}),
    ("sessions", {"session_type": "robot"}),
    ("sessions", {"session_type": "bot"}),
    ("sessions", {"session_type": "bot", "peer_bot_id": OTHER}),
    ("tasks", {"title": "x" * 501}),
    ("tasks", {"task_type": ""}),
    ("tasks", {"status": "done"}),
    ("tasks", {"status": "completed"}),
    ("tasks", {"completed_at": NOW}),
    ("tasks", {"error": "x"}),
    ("tasks", {"config": "{"}),
    ("tasks", {"metadata": "nonsense"}),
    ("tasks", {"run_id": OTHER}),
    ("tool_executions", {"task_id": OTHER}),
    ("tool_executions", {"status": "done"}),
    ("tool_executions", {"status": "completed"}),
    ("tool_executions", {"completed_at": NOW, "duration_ms": 1}),
    ("tool_executions", {"status": "failed", "completed_at": NOW}),
    ("tool_executions", {"status": "failed", "completed_at": NOW, "duration_ms": -1}),
    ("tool_executions", {"arguments": "x"}),
    ("tool_executions", {"output": "x"}),
    ("tool_executions", {"tool_name": ""}),
    ("connections", {"connection_type": "pigeon"}),
    ("connections", {"is_active": 2}),
    ("connections", {"metadata": "x"}),
    ("connections", {"heartbeat_secs": 5.0}),
    ("connections", {"heartbeat_secs": 0.0, "expires_at": NOW}),
    ("connections", {"client_id": ""}),
    ("configurations", {"value": "x"}),
    ("configurations", {"value_type": "text"}),
    ("configurations", {"is_secret": 2}),
    ("configurations", {"key": ""}),
    ("configurations", {"key": "x" * 257}),
    ("configurations", {"value": b"\xff"}),
]


def insert(engine: SqliteEngine, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
    engine.connection.execute(statement, [*row.values()])


@pytest.fixture
def engine(engine: SqliteEngine) -> SqliteEngine:
    insert(engine, "tasks", ROWS["tasks"])
    return engine


@pytest.mark.parametrize("table", [table for table in ROWS if table != "tasks"])
def test_the_row_that_the_others_differ_from_is_taken(engine: SqliteEngine, table: str) -> None:
    insert(engine, table, ROWS[table])
    with pytest.raises(sqlite3.IntegrityError):
        insert(engine, table, ROWS[table])  # its key is taken


@pytest.mark.parametrize(("table", "wrong"), REFUSED)
def test_what_breaks_a_rule_is_refused(
    engine: SqliteEngine, table: str, wrong: dict[str, Any]
) -> None:
    row = {**ROWS[table], **wrong}
    if table == "tasks":
        row["id"] = OTHER
    with pytest.raises(sqlite3.IntegrityError):
        insert(engine, table, row)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM workstreams",
        "DELETE FROM workstreams WHERE id = 'scratch'",
        "UPDATE workstreams SET is_scratch = 0",
        "UPDATE workstreams SET id = 'x', is_scratch = 0",
    ],
)
def test_scratch_stays_whoever_holds_the_pen(engine: SqliteEngine, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="scratch"):
        engine.connection.execute(statement)
    found = engine.connection.execute("SELECT is_scratch FROM workstreams WHERE id = 'scratch'")
    assert found.fetchone() == (1,)
