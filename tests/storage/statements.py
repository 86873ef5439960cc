"""What a connection is told: each statement, with its values, as SQLite sees it."""

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def statements_of(connection: sqlite3.Connection) -> Iterator[list[str]]:
    """The statements that are carried out meanwhile."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        connection.set_trace_callback(None)
