"""Many rows in one statement.

Python's sqlite3 gives up the interpreter lock at every step of a statement and has to win it back from
the event loop's thread each time. With one row a step a busy loop slows the writer many times over;
with one statement for many rows the lock changes hands once (docs/performance.md has the figures).
The statements come in a few sizes, so that SQLite prepares each of them only once. Their parameters
have no names, not even numbers, save those that all rows share: from Python 3.12 on sqlite3 asks for
the name of each, and SQLite then walks all names that there are.
"""

import sqlite3
from itertools import chain
from typing import Any

SIZES = (256, 64, 16, 4, 1)


class RowWriter:
    """An INSERT of any number of rows into one table; the first `shared` columns are alike in all.

    `columns` are those that each row has for itself.
    """

    def __init__(self, insert: str, columns: int, suffix: str, *, shared: int = 0) -> None:
        self._statements = {
            size: f"{insert} VALUES {_rows(size, columns, shared)} {suffix}" for size in SIZES
        }

    def write(
        self,
        connection: sqlite3.Connection,
        rows: list[tuple[Any, ...]],
        shared: tuple[Any, ...] = (),
    ) -> int:
        """Inserts the rows in order; how many rows the statements changed."""
        changed, start = 0, 0
        for size in SIZES:
            while len(rows) - start >= size:
                values = [*shared, *chain.from_iterable(rows[start : start + size])]
                changed += connection.execute(self._statements[size], values).rowcount
                start += size
        return changed


def _rows(size: int, columns: int, shared: int) -> str:
    """The parameters of so many rows; the shared ones are numbered, and come before all others."""
    row = ", ".join([*(f"?{number}" for number in range(1, shared + 1)), *"?" * columns])
    return ", ".join([f"({row})"] * size)
