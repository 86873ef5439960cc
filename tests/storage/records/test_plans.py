"""Every page of records is found by an index, whatever is asked for: no sort, no scan.

SQLite tells its plan. A plan may look at rows that do not match only where filters are combined of
which one is narrow by nature (a run, a workspace, a client).
"""

import itertools
import sqlite3
from typing import Any

import pytest

from botbus_storage.engine import SqliteEngine
from botbus_storage.reading.records import configurations, tasks
from botbus_storage.reading.records.paging import Window, newest_first
from botbus_storage.reading.records.rows import (
    CONNECTION,
    SESSION,
    TASK,
    TOOL_EXECUTION,
    WORKSTREAM,
)

WINDOWS = [
    Window(),
    Window(before="2026", before_id="x"),
    Window(after="2025"),
    Window(after="2025", before="2026"),
]
LISTS: list[tuple[str, str, dict[str, Any], str]] = [
    (WORKSTREAM, "created_at", {"state": "active"}, ""),
    (SESSION, "started_at", {"workstream_id": "w", "peer_bot_id": "b"}, ""),
    (SESSION, "started_at", {"workstream_id": "w"}, "ended_at IS NULL"),
    (
        TASK,
        "created_at",
        {"run_id": "r", "workspace_path": "/", "status": "failed", "task_type": "script"},
        "",
    ),
    (TOOL_EXECUTION, "created_at", {"task_id": "t", "tool_name": "g", "status": "failed"}, ""),
    (
        CONNECTION,
        "created_at",
        {"client_id": "c", "user_id": "u", "connection_type": "ipc", "is_active": True},
        "",
    ),
]
EXACT = [
    (TASK, {"status": "failed", "task_type": "script"}, 2),
    (TASK, {"workspace_path": "/", "status": "failed"}, 2),
    (TASK, {"workspace_path": "/", "task_type": "script"}, 2),
    (TOOL_EXECUTION, {"tool_name": "g", "status": "failed"}, 2),
    (CONNECTION, {"connection_type": "ipc", "is_active": True}, 2),
]


def plan(connection: sqlite3.Connection, statement: str, parameters: Any) -> str:
    """What SQLite does for the page itself, not for what hangs on each row."""
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    return "; ".join(row[3] for row in rows if row[1] == 0)


def subsets(conditions: dict[str, Any]) -> list[dict[str, Any]]:
    sizes = range(len(conditions) + 1)
    return [
        dict(chosen)
        for size in sizes
        for chosen in itertools.combinations(conditions.items(), size)
    ]


@pytest.mark.parametrize(("select", "moment", "conditions", "also"), LISTS)
def test_every_filter_of_every_list_reads_its_page_in_order(
    engine: SqliteEngine, select: str, moment: str, conditions: dict[str, Any], also: str
) -> None:
    for chosen, window in itertools.product(subsets(conditions), WINDOWS):
        statement, parameters = newest_first(select, chosen, window, moment, also)
        told = plan(engine.connection, statement, parameters)
        assert "TEMP B-TREE" not in told, (chosen, told)
        assert "USING" in told, (chosen, told)
        if chosen or window is not WINDOWS[0]:
            assert told.startswith("SEARCH"), (chosen, told)


@pytest.mark.parametrize(("select", "chosen", "columns"), EXACT)
def test_filters_that_go_together_have_an_index_of_their_own(
    engine: SqliteEngine, select: str, chosen: dict[str, Any], columns: int
) -> None:
    statement, parameters = newest_first(select, chosen, WINDOWS[1])
    told = plan(engine.connection, statement, parameters)
    assert told.count("=?") == columns, told


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (tasks._OF_WORKFLOW, ("w", 1, "t", 10)),
        (tasks._OF_TASK, ("t", "w", 10)),
    ],
)
def test_places_in_workflows_are_read_in_order(
    engine: SqliteEngine, statement: str, parameters: Any
) -> None:
    told = plan(engine.connection, statement, parameters)
    assert "TEMP B-TREE" not in told
    assert "SCAN" not in told


class Recorded(sqlite3.Connection):
    """Remembers what was asked."""

    asked: tuple[str, Any] = ("", ())

    def execute(self, statement: str, parameters: Any = ()) -> sqlite3.Cursor:
        self.asked = (statement, parameters)
        return super().execute(statement, parameters)


@pytest.mark.parametrize(
    "scope",
    [
        configurations.ConfigurationScope(),
        configurations.ConfigurationScope(prefix="app."),
        configurations.ConfigurationScope(prefix="app.", is_secret=True),
        configurations.ConfigurationScope(value_type="json"),
    ],
)
def test_configurations_are_read_by_key_from_the_prefix_on(
    engine: SqliteEngine, scope: configurations.ConfigurationScope
) -> None:
    database = engine.connection.execute("PRAGMA database_list").fetchone()[2]
    connection = sqlite3.connect(database, factory=Recorded)
    configurations.list_configurations(connection, scope, "app.x", 10)
    told = plan(engine.connection, *connection.asked)
    connection.close()
    assert "TEMP B-TREE" not in told
    assert told.startswith("SEARCH")
    assert "key>?" in told
    assert "key<?" in told
