"""Rows for every table of a schema, made from the schema alone.

So that a table added tomorrow is tested with rows in it without anybody writing them. For each
column there are candidates: a row of the parent table where there is a foreign key, the literals its
checks name, and a few values of its type. They are tried until SQLite accepts a row; what SQLite
complains of tells which columns to choose anew.
"""

import random
import re
import sqlite3
from typing import Any

TRIES = 3000
BY_TYPE: dict[str, list[Any]] = {
    "INTEGER": [1, 0, 7],
    "INT": [1, 0, 7],
    "REAL": [1.5, 0.0],
    "BLOB": [b"\x00blob"],
    "ANY": ["any"],
}
TEXTS = ["a text", "{}", "2026-01-31T09:00:00.000000Z", "[]", "1", "pending"]


def fill(connection: sqlite3.Connection, rows: int = 2) -> dict[str, int]:
    """Add `rows` rows to every table but the history. Returns how many each table has then."""
    connection.execute("PRAGMA foreign_keys = ON")
    chance = random.Random(7)
    tables = _in_order(connection)
    for table in tables:
        for number in range(rows):
            _insert(connection, table, number, chance)
    return counts(connection)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        for table in _in_order(connection)
    }


def _in_order(connection: sqlite3.Connection) -> list[str]:
    """The tables, parents before their children."""
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'schema_history' ORDER BY name"
        )
    ]
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [
            name
            for name in names
            if name not in ordered and _parents(connection, name) <= {name, *ordered}
        ]
        assert ready, f"tables that refer to each other in a ring: {set(names) - set(ordered)}"
        ordered += ready
    return ordered


def _parents(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[2] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}


def _insert(connection: sqlite3.Connection, table: str, number: int, chance: random.Random) -> None:
    candidates = _candidates(connection, table, number)
    row = {column: values[0] for column, values in candidates.items()}
    complaint = ""
    for _ in range(TRIES):
        row |= _parent_keys(connection, table, chance)
        names, marks = ", ".join(f'"{column}"' for column in row), ", ".join("?" * len(row))
        try:
            connection.execute(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values())
            )
        except sqlite3.IntegrityError as error:
            complaint = str(error)
        else:
            return
        named = [column for column in row if re.search(rf"\b{column}\b", complaint)]
        for column in named or row:
            row[column] = chance.choice(candidates[column])
    raise AssertionError(
        f"no row for {table} was found: {complaint}; teach tests/migrations/full_rows.py"
    )


def _candidates(connection: sqlite3.Connection, table: str, number: int) -> dict[str, list[Any]]:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    found: dict[str, list[Any]] = {}
    for _, name, kind, required, _, key, hidden in connection.execute(
        f'PRAGMA table_xinfo("{table}")'
    ):
        if hidden:
            continue
        values = BY_TYPE.get(kind.upper())
        if values is None:
            own = [f"{name} {number}", f"n{number}"]
            more = [f"n{key}" for key in range(11, 43)]  # keys, though rows are added often
            values = [*_literals(sql, name), *own, *TEXTS, *more]
        elif kind.upper().startswith("INT"):
            values = [number + 1, *values, *range(11, 43)]
        found[name] = values if required or key else [*values, None]
    return found


def _literals(sql: str, column: str) -> list[str]:
    """The texts that a table's own checks compare a column with."""
    lists = re.findall(rf"\b{column}\b\s+(?:NOT\s+)?IN\s*\(([^)]*)\)", sql, re.IGNORECASE)
    equals = re.findall(rf"\b{column}\b\s*=\s*('[^']*')", sql, re.IGNORECASE)
    return [text for part in [*lists, *equals] for text in re.findall(r"'([^']*)'", part)]


def _parent_keys(
    connection: sqlite3.Connection, table: str, chance: random.Random
) -> dict[str, Any]:
    """For each foreign key the key of some row of its parent; None where there is no such row yet."""
    keys: dict[int, list[tuple[str, str, str]]] = {}
    for key, _, parent, column, to, *_ in connection.execute(f'PRAGMA foreign_key_list("{table}")'):
        keys.setdefault(key, []).append((parent, column, to or _primary_key(connection, parent)))
    chosen: dict[str, Any] = {}
    for parts in keys.values():
        columns = ", ".join(f'"{to}"' for _, _, to in parts)
        rows = connection.execute(f'SELECT {columns} FROM "{parts[0][0]}"').fetchall()
        values = chance.choice(rows) if rows else [None] * len(parts)
        chosen |= {column: value for (_, column, _), value in zip(parts, values, strict=True)}
    return chosen


def _primary_key(connection: sqlite3.Connection, table: str) -> str:
    rows = connection.execute(f'PRAGMA table_info("{table}")')
    return next(str(name) for _, name, *_, key in rows if key)
