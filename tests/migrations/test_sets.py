"""Two whole sets written for other tools run unchanged, and make exactly the schema they promise.

`proposals` is forward only (V1, V2) and brings its settings' defaults; `orchestrator` has seven dated
files with commented ways down and triggers that keep `updated_at`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from botbus_storage.migrator import MigrationError, Migrator
from tests.migrations.databases import SETS, Bench, dump, objects, query

Column = tuple[str, str, bool, str | None, int]
NOW = "CURRENT_TIMESTAMP"
LATELY = "datetime('now')"

TABLES: dict[str, dict[str, list[Column]]] = {
    "proposals": {
        "proposals": [
            ("id", "INTEGER", False, None, 1),
            ("job_content", "TEXT", True, None, 0),
            ("generated_text", "TEXT", True, None, 0),
            ("created_at", "TEXT", True, LATELY, 0),
            ("updated_at", "TEXT", False, None, 0),
        ],
        "settings": [
            ("key", "TEXT", False, None, 1),
            ("value", "TEXT", True, None, 0),
            ("updated_at", "TEXT", True, LATELY, 0),
        ],
    },
    "orchestrator": {
        "tasks": [
            ("id", "TEXT", True, None, 1),
            ("title", "TEXT", True, None, 0),
            ("description", "TEXT", False, None, 0),
            ("task_type", "TEXT", True, None, 0),
            ("status", "TEXT", True, "'pending'", 0),
            ("config", "TEXT", True, "'{}'", 0),
            ("metadata", "TEXT", False, None, 0),
            ("workspace_path", "TEXT", False, None, 0),
            ("created_at", "TEXT", True, NOW, 0),
            ("updated_at", "TEXT", True, NOW, 0),
            ("started_at", "TEXT", False, None, 0),
            ("completed_at", "TEXT", False, None, 0),
            ("error", "TEXT", False, None, 0),
        ],
        "workflows": [
            ("id", "TEXT", True, None, 1),
            ("name", "TEXT", True, None, 0),
            ("description", "TEXT", False, None, 0),
            ("definition", "TEXT", True, None, 0),
            ("status", "TEXT", True, "'draft'", 0),
            ("created_at", "TEXT", True, NOW, 0),
            ("updated_at", "TEXT", True, NOW, 0),
        ],
        "workflow_tasks": [
            ("workflow_id", "TEXT", True, None, 1),
            ("task_id", "TEXT", True, None, 2),
            ("sequence", "INTEGER", True, "0", 0),
            ("created_at", "TEXT", True, NOW, 0),
        ],
        "tool_executions": [
            ("id", "TEXT", True, None, 1),
            ("task_id", "TEXT", True, None, 0),
            ("tool_name", "TEXT", True, None, 0),
            ("arguments", "TEXT", True, None, 0),
            ("output", "TEXT", False, None, 0),
            ("status", "TEXT", True, "'pending'", 0),
            ("error", "TEXT", False, None, 0),
            ("created_at", "TEXT", True, NOW, 0),
            ("completed_at", "TEXT", False, None, 0),
            ("duration_ms", "INTEGER", False, None, 0),
        ],
        "sessions": [
            ("id", "TEXT", True, None, 1),
            ("client_id", "TEXT", True, None, 0),
            ("user_id", "TEXT", False, None, 0),
            ("connection_type", "TEXT", True, None, 0),
            ("is_active", "INTEGER", True, "1", 0),
            ("metadata", "TEXT", False, None, 0),
            ("created_at", "TEXT", True, NOW, 0),
            ("updated_at", "TEXT", True, NOW, 0),
            ("last_heartbeat", "TEXT", True, NOW, 0),
        ],
        "configurations": [
            ("key", "TEXT", True, None, 1),
            ("value", "TEXT", True, None, 0),
            ("value_type", "TEXT", True, "'string'", 0),
            ("description", "TEXT", False, None, 0),
            ("is_secret", "INTEGER", True, "0", 0),
            ("created_at", "TEXT", True, NOW, 0),
            ("updated_at", "TEXT", True, NOW, 0),
        ],
    },
}
INDEXES = {
    "proposals": {"idx_proposals_created_at"},
    "orchestrator": {
        *(f"idx_tasks_{name}" for name in ("status", "type", "created", "workspace")),
        *(f"idx_workflows_{name}" for name in ("status", "created", "name")),
        *(f"idx_workflow_tasks_{name}" for name in ("workflow", "task", "sequence")),
        *(
            f"idx_tool_executions_{name}"
            for name in ("task", "tool", "status", "created", "task_fk")
        ),
        *(f"idx_sessions_{name}" for name in ("client", "user", "active", "heartbeat", "created")),
        *(f"idx_configurations_{name}" for name in ("type", "secret", "updated")),
    },
}
TRIGGERS = ("tasks", "workflows", "sessions", "configurations")
ROWS = {
    "tasks": {"id": "t", "title": "a task", "task_type": "tool"},
    "workflows": {"id": "w", "name": "a workflow", "definition": "{}"},
    "workflow_tasks": {"workflow_id": "w", "task_id": "t"},
    "tool_executions": {"id": "e", "task_id": "t", "tool_name": "grep", "arguments": "{}"},
    "sessions": {"id": "s", "client_id": "c", "connection_type": "grpc"},
    "configurations": {"key": "k", "value": "v"},
}
REFUSED = [
    ("tasks", {"status": "sleeping"}, "CHECK"),
    ("tasks", {"title": None}, "NOT NULL"),
    ("tasks", {"id": None}, "NOT NULL"),
    ("workflows", {"status": "running"}, "CHECK"),
    ("tool_executions", {"status": "cancelled"}, "CHECK"),
    ("tool_executions", {"task_id": "nobody"}, "FOREIGN KEY"),
    ("workflow_tasks", {"workflow_id": "nobody"}, "FOREIGN KEY"),
    ("workflow_tasks", {"task_id": "nobody"}, "FOREIGN KEY"),
    ("sessions", {"connection_type": "pigeon"}, "CHECK"),
    ("sessions", {"is_active": 2}, "CHECK"),
    ("configurations", {"value_type": "blob"}, "CHECK"),
    ("configurations", {"is_secret": 2}, "CHECK"),
]


@pytest.fixture(params=["proposals", "orchestrator"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(tmp_path: Path, name: str) -> Path:
    """A fresh database with one of the sets applied."""
    Migrator(tmp_path / "bot.db", SETS / name).run()
    return tmp_path / "bot.db"


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def filled(database: Path) -> sqlite3.Connection:
    """A connection that enforces foreign keys, to a database with a row in every table."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    for table, row in ROWS.items():
        insert(connection, table, **row)
    return connection


def test_every_column_has_its_type_and_constraints(database: Path, name: str) -> None:
    found = {
        table: [
            (column, kind, bool(required), default, key)
            for _, column, kind, required, default, key in query(
                database, f"PRAGMA table_info({table})"
            )
        ]
        for kind, table, _ in objects(database)
        if kind == "table"
    }
    assert found == TABLES[name]


def test_every_index_and_trigger_is_there(database: Path, name: str) -> None:
    made = {(kind, each) for kind, each, _ in objects(database) if kind != "table"}
    triggers = {("trigger", f"update_{table}_timestamp") for table in TRIGGERS}
    assert made == {("index", each) for each in INDEXES[name]} | (
        triggers if name == "orchestrator" else set()
    )


def test_a_second_run_changes_nothing(database: Path, name: str) -> None:
    before = dump(database)
    assert Migrator(database, SETS / name).run().done == ()
    assert dump(database) == before


def test_every_migration_is_in_the_history(database: Path, name: str) -> None:
    rows = query(database, "SELECT name FROM schema_history ORDER BY version")
    assert len(rows) == {"proposals": 2, "orchestrator": 7}[name]


def test_the_folder_has_no_problems(database: Path, name: str) -> None:
    assert Migrator(database, SETS / name).lint() == ()


@pytest.mark.parametrize("name", ["proposals"], indirect=True)
def test_settings_come_with_defaults_and_ids_are_never_used_again(database: Path) -> None:
    assert query(database, "SELECT key, value FROM settings ORDER BY key") == [
        ("api_provider", "anthropic"),
        ("theme", "dark"),
    ]
    for _ in range(2):
        query(database, "INSERT INTO proposals (job_content, generated_text) VALUES ('j', 'g')")
        query(database, "DELETE FROM proposals")
    query(database, "INSERT INTO proposals (job_content, generated_text) VALUES ('j', 'g')")
    ((number, created_at),) = query(database, "SELECT id, created_at FROM proposals")
    assert number == 3
    assert len(created_at) == len("2026-01-31 09:00:00")


def test_a_database_from_before_the_framework_keeps_its_rows_and_choices(bench: Bench) -> None:
    for file in sorted((SETS / "proposals").iterdir()):
        with closing(sqlite3.connect(bench.database)) as connection:
            connection.executescript(file.read_text())
    bench.query("UPDATE settings SET value = 'light' WHERE key = 'theme'")
    bench.query("INSERT INTO proposals (job_content, generated_text) VALUES ('j', 'g')")
    report = Migrator(bench.database, SETS / "proposals").run()
    assert (len(report.done), report.backup is not None) == (2, True)
    assert bench.query("SELECT value FROM settings WHERE key = 'theme'") == [("light",)]
    assert bench.query("SELECT count(*) FROM proposals") == [(1,)]


@pytest.mark.parametrize("name", ["proposals"], indirect=True)
def test_forward_only_files_cannot_be_reverted(database: Path, name: str) -> None:
    with pytest.raises(MigrationError, match="V2_add_settings_table has no way down"):
        Migrator(database, SETS / name).revert()


@pytest.mark.parametrize("name", ["orchestrator"], indirect=True)
@pytest.mark.parametrize(("table", "change", "why"), REFUSED)
def test_every_constraint_holds(
    database: Path, table: str, change: dict[str, Any], why: str
) -> None:
    with closing(filled(database)) as connection:
        connection.execute(f"DELETE FROM {table}")
        for parent in ("tasks", "workflows"):
            if parent != table:
                connection.execute(f"DELETE FROM {parent}")
                insert(connection, parent, **ROWS[parent])
        with pytest.raises(sqlite3.IntegrityError, match=why):
            insert(connection, table, **{**ROWS[table], **change})


@pytest.mark.parametrize("name", ["orchestrator"], indirect=True)
@pytest.mark.parametrize(
    ("parent", "children"),
    [("tasks", ["workflow_tasks", "tool_executions"]), ("workflows", ["workflow_tasks"])],
)
def test_children_go_with_their_parent(database: Path, parent: str, children: list[str]) -> None:
    with closing(filled(database)) as connection:
        connection.execute(f"DELETE FROM {parent}")
        for child in children:
            assert connection.execute(f"SELECT count(*) FROM {child}").fetchone() == (0,)


@pytest.mark.parametrize("name", ["orchestrator"], indirect=True)
@pytest.mark.parametrize("table", TRIGGERS)
def test_updated_at_keeps_itself(database: Path, table: str) -> None:
    old = "2020-01-01 00:00:00"
    with closing(filled(database)) as connection:
        connection.execute(f"UPDATE {table} SET updated_at = ?", (old,))
        assert connection.execute(f"SELECT updated_at FROM {table}").fetchone() == (old,)
        connection.execute(f"UPDATE {table} SET created_at = created_at")
        assert connection.execute(f"SELECT updated_at > '2025' FROM {table}").fetchone() == (1,)


@pytest.mark.parametrize("name", ["orchestrator"], indirect=True)
def test_seven_steps_down_one_at_a_time_and_up_again(database: Path, name: str) -> None:
    filled(database).close()
    before = objects(database)
    for _ in range(7):
        Migrator(database, SETS / name).revert()
    assert objects(database) == []
    Migrator(database, SETS / name).run()
    assert objects(database) == before
