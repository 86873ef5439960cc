"""The table `schema_history`: which migrations made this database, when, and from what text."""

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from botbus_protocol.timestamps import format_time
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.folder import Migration

TABLE = "schema_history"

_CREATE = """CREATE TABLE IF NOT EXISTS schema_history (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    app_version TEXT NOT NULL
) STRICT"""
_COLUMNS = ("version", "name", "checksum", "applied_at", "duration_ms", "app_version")


class Row(NamedTuple):
    """One applied migration. `applied_at` is RFC 3339 UTC text, `duration_ms` milliseconds."""

    version: int
    name: str
    checksum: str
    applied_at: str
    duration_ms: float
    app_version: str


def read(connection: sqlite3.Connection) -> tuple[Row, ...]:
    """What was applied, oldest first; empty for a database without a history."""
    columns = {
        name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (TABLE,))
    }
    if not columns:
        return ()
    if lacking := set(_COLUMNS) - columns:
        raise MigrationError(
            f"the table {TABLE} of this database is not the migrator's (it has no column "
            f"{', '.join(sorted(lacking))}): rename it first"
        )
    rows = connection.execute(
        "SELECT version, name, checksum, applied_at, duration_ms, app_version"
        " FROM schema_history ORDER BY version"
    )
    return tuple(Row(*row) for row in rows)


def create(connection: sqlite3.Connection) -> None:
    """Make the table where it does not exist yet."""
    connection.execute(_CREATE)


def add(
    connection: sqlite3.Connection, migration: Migration, milliseconds: float, app: str
) -> None:
    """Write down that a migration was applied."""
    connection.execute(
        "INSERT INTO schema_history VALUES (?, ?, ?, ?, ?, ?)",
        (
            migration.version,
            migration.name,
            migration.up.checksum,
            format_time(datetime.now(UTC)),
            round(milliseconds, 3),
            app,
        ),
    )


def remove(connection: sqlite3.Connection, migration: Migration) -> None:
    """Write down that a migration was reverted."""
    connection.execute("DELETE FROM schema_history WHERE version = ?", (migration.version,))
