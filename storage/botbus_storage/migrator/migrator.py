"""The verbs: run, revert, status, verify, add. Each one decides by a plan and then acts under the lock.

A Migrator brings one SQLite file and one folder of migrations together. It opens its own connection
for each verb and closes it again, and it writes only while it holds the lock of the database, its
own or the one it was given.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from botbus_protocol import __version__
from botbus_storage.database_lock import DatabaseLock
from botbus_storage.migrator import batch, history, plan
from botbus_storage.migrator.batch import Done, Step
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.folder import read

MEMORY = ":memory:"

Connect = Callable[[Path], sqlite3.Connection]
"""Opens the database file, creating it if need be. The connection may be SQLCipher's."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and out of how much."""


class Report(NamedTuple):
    """What a run or a revert did. `backup` is the copy made before it, if one was made."""

    done: tuple[Done, ...]
    version: int
    backup: Path | None
    seconds: float


def plain(path: Path) -> sqlite3.Connection:
    """Open a database that is not encrypted."""
    return sqlite3.connect(path, isolation_level=None)


class Migrator:
    """The migrations of `folder` and the database they are for.

    `lock` is a lock on the database that the caller already holds; without it the migrator takes
    its own, waiting up to `wait` seconds. `app_version` is written into the history; `program` is
    the name used where a newer one is spoken of.
    """

    def __init__(
        self,
        database: Path | str,
        folder: Path | str,
        *,
        backup: bool = True,
        keep_backups: int = 5,
        wait: float = 2.0,
        connect: Connect = plain,
        lock: DatabaseLock | None = None,
        app_version: str = __version__,
        program: str = "botbus",
    ) -> None:
        self.database = Path(database)
        self.folder = Path(folder)
        self.backup = backup
        self.keep_backups = keep_backups
        self.wait = wait
        self.connect = connect
        self.lock = lock
        self.app_version = app_version
        self.program = program

    def run(
        self, to: int | None = None, *, dry_run: bool = False, progress: Progress | None = None
    ) -> Report:
        """Apply what is pending, up to and with version `to`, all of it or nothing.

        Raises MigrationError where it is refused or fails, Locked if another process holds the
        database.
        """
        started = time.perf_counter()
        migrations = read(self.folder)
        with self._locked(), self._connected() as connection:
            entries = plan.compare(migrations, history.read(connection))
            steps = [Step(each, "up") for each in plan.pending(entries, to, self.program)]
            done = self._perform(connection, steps)
            version = max((row.version for row in history.read(connection)), default=0)
        return Report(tuple(done), version, None, time.perf_counter() - started)

    def _perform(self, connection: sqlite3.Connection, steps: Sequence[Step]) -> list[Done]:
        done: list[Done] = []
        for segment in batch.segments(steps):
            with batch.transaction(connection):
                history.create(connection)
                done += [batch.apply(connection, step, self.app_version) for step in segment]
        return done

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self.lock is not None or str(self.database) == MEMORY:
            yield
            return
        with DatabaseLock(self.database, "botbus migrate").acquire(self.wait):
            yield

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = self.connect(self.database)
        try:
            connection.isolation_level = None
            connection.execute(f"PRAGMA busy_timeout = {int(self.wait * 1000)}")
            connection.execute("PRAGMA foreign_keys = OFF")
            yield connection
        except connection.Error as error:
            raise MigrationError(f"{self.database}: {error}") from error
        finally:
            connection.close()
