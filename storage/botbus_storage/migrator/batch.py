"""Running a batch: one transaction, statement by statement, all or nothing.

Foreign keys are not enforced while statements run, or rebuilding a table (create the new one, copy,
drop the old one) would cascade into its children; instead the whole database is checked after each
migration, and rows that lost their parent fail it. A script that must run outside a transaction
cuts the batch: what stands before it is one transaction, it runs alone, and so on.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Literal, NamedTuple

from botbus_storage.migrator import history
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.folder import Migration
from botbus_storage.migrator.scripts import Script
from botbus_storage.migrator.statements import Statement


class Done(NamedTuple):
    """A migration that was applied or reverted, and how long it took."""

    version: int
    title: str
    milliseconds: float


class Step(NamedTuple):
    """A migration in one direction."""

    migration: Migration
    way: Literal["up", "down"]

    @property
    def script(self) -> Script:
        down = self.migration.down
        return self.migration.up if self.way == "up" or down is None else down


def segments(steps: Sequence[Step]) -> list[list[Step]]:
    """The batch cut into transactions; a step outside a transaction is a segment of its own."""
    cut: list[list[Step]] = []
    for transactional, group in groupby(steps, key=lambda step: step.script.transactional):
        cut += [list(group)] if transactional else [[step] for step in group]
    return cut


@contextmanager
def transaction(connection: sqlite3.Connection, *, keep: bool = True) -> Iterator[None]:
    """A write transaction, committed at the end if `keep`; rolled back whatever goes wrong."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def apply(connection: sqlite3.Connection, step: Step, app: str) -> Done:
    """Run one step and write it into the history. Raises MigrationError at the first failure."""
    started = time.perf_counter()
    orphans = _orphans(connection)
    for number, statement in enumerate(step.script.statements(), start=1):
        _execute(connection, step, number, statement)
    if lost := _orphans(connection) - orphans:
        raise MigrationError(
            f"{step.script.path.name} leaves rows without their parent: {_told(lost)}"
        )
    milliseconds = (time.perf_counter() - started) * 1000
    if step.way == "up":
        history.add(connection, step.migration, milliseconds, app)
    else:
        history.remove(connection, step.migration)
    return Done(step.migration.version, step.migration.title, milliseconds)


def _execute(connection: sqlite3.Connection, step: Step, number: int, statement: Statement) -> None:
    try:
        connection.execute(statement.text).fetchall()
    except (connection.Error, connection.Warning) as error:
        head = " ".join(statement.text.split())[:60]
        raise MigrationError(
            f"{step.script.path.name} failed at statement {number} (line {statement.line}, "
            f"`{head}`): {error}"
        ) from error


def _orphans(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """How many rows of each child table lack their row in which parent table."""
    found: Counter[tuple[str, str]] = Counter()
    for (table,) in connection.execute(
        "SELECT DISTINCT m.name FROM sqlite_master m, "
        "pragma_foreign_key_list(m.name) WHERE m.type = 'table'"
    ).fetchall():
        try:
            rows = connection.execute("SELECT parent FROM pragma_foreign_key_check(?)", (table,))
            found.update((table, parent) for (parent,) in rows)
        except connection.Error as error:
            found[(table, str(error))] += 1
    return found


def _told(orphans: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{count} of {child} ({parent})" for (child, parent), count in orphans.items())
