"""A database to work on: where it is, how it is opened, and the right to write to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from botbus_storage.database_lock import DatabaseLock
from botbus_storage.migrator.connection import MEMORY, Connect, opened, plain, speaking
from botbus_storage.ownership import make_for_owner


class Target(NamedTuple):
    """`lock` is held by the caller, or None; `wait` is how many seconds to wait for others."""

    database: Path
    connect: Connect
    wait: float
    lock: DatabaseLock | None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The right to write, taken unless it is held already. Raises Locked, MigrationError."""
        if str(self.database) == MEMORY or (self.lock and self.lock.held):
            yield
            return
        lock = DatabaseLock(self.database, "botbus migrate")
        with speaking(self.database):
            lock.acquire(self.wait)
        with lock:
            yield

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The database, opened under its lock. A new file that came to nothing is removed again."""
        with (
            self.locked(),
            _made(self.database),
            opened(self.database, self.connect, self.wait) as connection,
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The database, opened so that nothing can be written; the daemon may be running."""
        with opened(self.database, self.connect, self.wait, reading=True) as connection:
            yield connection

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """Where a dry run takes place: the database itself, or memory where there is none yet."""
        missing = not self.database.exists()
        with opened(Path(MEMORY), plain, self.wait) if missing else self.writing() as connection:
            yield connection


@contextmanager
def _made(database: Path) -> Iterator[None]:
    """A database that is not there is its folder's owner's, and removed if it came to nothing."""
    existed = database.exists()
    if str(database) != MEMORY:
        with speaking(database):
            make_for_owner(database)
    try:
        yield
    except BaseException:
        if not existed and database.exists() and database.stat().st_size == 0:
            database.unlink()
        raise
