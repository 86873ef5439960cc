"""Pages of records, newest first.

A page is found by an index that begins with the columns that are asked for and ends with the time and
the id: whatever the number of rows, it is read and nothing beside it. Only conditions that were given
stand in the statement, so that the index is chosen by them.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from botbus_storage.reading.rows import READ_BYTES

T = TypeVar("T")


class Window(Struct, frozen=True, kw_only=True):
    """Which part of a list: records between two times (stored text), at most so many."""

    after: str | None = None
    before: str | None = None
    before_id: str = ""
    """Of several records at `before`, only those whose ids sort before this one."""
    limit: int = 100


def newest_first(
    select: str,
    conditions: Mapping[str, Any],
    window: Window,
    moment: str = "created_at",
    also: str = "",
) -> tuple[str, list[Any]]:
    """The statement of a page and its parameters. Conditions: columns and their values; None: any."""
    given = {column: value for column, value in conditions.items() if value is not None}
    wheres = [f"{column} = ?" for column in given]
    parameters = list(given.values())
    if window.after is not None:
        wheres.append(f"{moment} > ?")
        parameters.append(window.after)
    if window.before is not None:
        wheres.append(f"({moment}, id) < (?, ?)")
        parameters += [window.before, window.before_id]
    if also:
        wheres.append(also)
    where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
    order = f"ORDER BY {moment} DESC, id DESC LIMIT ?"
    return f"{select} {where} {order}", [*parameters, window.limit]


def within_budget(
    connection: sqlite3.Connection,
    statement: str,
    parameters: list[Any],
    record_of: Callable[[tuple[Any, ...]], T],
) -> list[T]:
    """The records of a statement, as many as fit one answer; the one that goes beyond is the last."""
    records: list[T] = []
    budget = READ_BYTES
    for row in connection.execute(statement, parameters):
        records.append(record_of(row))
        budget -= sum(len(value) for value in row if isinstance(value, str))
        if budget <= 0:
            break
    return records
