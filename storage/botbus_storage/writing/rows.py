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

SIZES = (256, 128, 64, 32, 16, 8, 4, 2, 1)


class RowWriter:
    """An INSERT of any number of rows into one table.

    `row` has a `?` for each value of a row. Those that are alike in all rows are numbered,
    and come first.
    """

    def __init__(self, insert: str, row: str, suffix: str) -> None:
        self._statements = {
            size: f"{insert} VALUES {', '.join([f'({row})'] * size)} {suffix}" for size in SIZES
        }

    def write(
        self,
        connection: sqlite3.Connection,
        rows: list[tuple[Any, ...]],
        shared: tuple[Any, ...] = (),
    ) -> int:
        """Inserts the rows in order; how many rows the statements changed."""
        if (whole := self._statements.get(len(rows))) is not None:
            return connection.execute(whole, (*shared, *chain.from_iterable(rows))).rowcount
        changed, start = 0, 0
        for size in SIZES:
            while len(rows) - start >= size:
                values = [*shared, *chain.from_iterable(rows[start : start + size])]
                changed += connection.execute(self._statements[size], values).rowcount
                start += size
        return changed
