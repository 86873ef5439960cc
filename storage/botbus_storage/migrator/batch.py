"""Running a batch: one transaction, statement by statement, all or nothing.

Foreign keys are not enforced while statements run, or rebuilding a table (create the new one, copy,
drop the old one) would cascade into its children; instead the whole database is checked around each
migration, and rows that lost their parent fail it. A script that must run outside a transaction
cuts the batch: what stands before it is one transaction, it runs alone, and so on.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


class Batch:
    """Steps run on one connection, which is in autocommit mode and begins nothing by itself.

    `done` holds what is committed; `touched` tells whether the database may differ from before.
    `before` is called once write access is sure and before the first statement of each transaction.
    """

    def __init__(
        self, connection: sqlite3.Connection, app: str, before: Callable[[], None]
    ) -> None:
        self.connection = connection
        self.app = app
        self.before = before
        self.done: list[Done] = []
        self.touched = False

    def run(self, steps: Sequence[Step]) -> None:
        """Run all steps. Raises MigrationError at the first failure, its transaction rolled back."""
        for segment in segments(steps):
            if segment[0].script.transactional:
                self._together(segment)
            else:
                self._alone(segment[0])

    def prove(self, steps: Sequence[Step]) -> list[Done]:
        """Run the steps that a transaction can hold, and roll all of it back."""
        with transaction(self.connection, keep=False):
            history.create(self.connection)
            return [self._apply(step) for step in steps if step.script.transactional]

    def _together(self, segment: Sequence[Step]) -> None:
        with transaction(self.connection):
            self.before()
            history.create(self.connection)
            done = [self._apply(step) for step in segment]
        self.done += done
        self.touched = True

    def _alone(self, step: Step) -> None:
        with transaction(self.connection, keep=False):
            self.before()
        self.touched = True
        history.create(self.connection)
        try:
            self.done.append(self._apply(step))
        except MigrationError as error:
            raise MigrationError(
                f"{error}. It runs outside a transaction: what its statements did before stays, and "
                "the next run begins with its first statement again"
            ) from error
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def _apply(self, step: Step) -> Done:
        """Run one step and write it into the history."""
        started = time.perf_counter()
        orphans = _orphans(self.connection)
        for number, statement in enumerate(step.script.statements(), start=1):
            self._execute(step, number, statement)
        if self.connection.in_transaction and not step.script.transactional:
            raise MigrationError(
                f"{step.script.path.name} begins a transaction and does not end it"
            )
        if lost := _orphans(self.connection) - orphans:
            raise MigrationError(
                f"{step.script.path.name} leaves rows without parent: {_told(lost)}"
            )
        milliseconds = (time.perf_counter() - started) * 1000
        if step.way == "up":
            history.add(self.connection, step.migration, milliseconds, self.app)
        else:
            history.remove(self.connection, step.migration)
        return Done(step.migration.version, step.migration.title, milliseconds)

    def _execute(self, step: Step, number: int, statement: Statement) -> None:
        try:
            self.connection.execute(statement.text).fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            head = " ".join(statement.text.split())
            shown = head if len(head) <= 60 else head[:59] + "…"
            raise MigrationError(
                f"{step.script.path.name} failed at statement {number}, line {statement.line} "
                f"({shown}): {error}"
            ) from error


def segments(steps: Sequence[Step]) -> list[list[Step]]:
    """The batch cut into transactions; a step outside a transaction is a segment of its own."""
    cut: list[list[Step]] = []
    for step in steps:
        if cut and step.script.transactional and cut[-1][0].script.transactional:
            cut[-1].append(step)
        else:
            cut.append([step])
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


def _orphans(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """How many rows of each child table lack their row in which parent table.

    Counted before and after, because a database whose foreign keys were never enforced may hold
    such rows already. A foreign key that SQLite cannot even check counts as one, with its message.
    """
    children = connection.execute(
        "SELECT DISTINCT name FROM sqlite_master, pragma_foreign_key_list(name) WHERE type = 'table'"
    )
    found: Counter[tuple[str, str]] = Counter()
    for (child,) in children.fetchall():
        try:
            rows = connection.execute("SELECT parent FROM pragma_foreign_key_check(?)", (child,))
            found.update((child, f"of {parent}") for (parent,) in rows)
        except sqlite3.Error as error:
            found[(child, str(error))] += 1
    return found


def _told(orphans: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{count} in {child} ({why})" for (child, why), count in orphans.items())
