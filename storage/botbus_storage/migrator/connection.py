"""How the migrator opens a database, and how SQLite's complaints become sentences.

A `Connect` opens a file; whether that is encrypted is its own business.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from botbus_storage.migrator.errors import MigrationError

MEMORY = ":memory:"

Connect = Callable[[Path], sqlite3.Connection]
"""Opens the database file, creating it if need be."""

_SENTENCES = {
    "file is not a database": "this is no SQLite database, or an encrypted one and its key is missing",
    "database disk image is malformed": "it is damaged, or a part of it is missing",
    "database is locked": "another program is writing to it, try again when it is done",
    "unable to open database file": "it cannot be opened: is there such a folder, and may you use it?",
}


def plain(path: Path) -> sqlite3.Connection:
    """Open a database that is not encrypted."""
    return sqlite3.connect(path, isolation_level=None)


@contextmanager
def opened(
    database: Path, connect: Connect, wait: float, *, reading: bool = False
) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode, closed in the end; `reading` forbids it to write.

    Waits up to `wait` seconds for another program's transaction. Raises MigrationError for whatever
    SQLite or the file system complains of.
    """
    with speaking(database), closing(connect(database)) as connection:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        if reading:
            connection.execute("PRAGMA query_only = ON")
        yield connection


@contextmanager
def speaking(database: Path) -> Iterator[None]:
    """Turns what SQLite and the file system complain of into a MigrationError."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise MigrationError(told(database, error)) from error
    except BrokenPipeError:
        raise  # no database is a pipe: somebody reads what we print no longer
    except OSError as error:
        where = error.filename or database
        raise MigrationError(f"{where}: {error.strerror or error}") from error


def told(database: Path, error: Exception) -> str:
    """The sentence for an error: a MigrationError has its own, SQLite's get one."""
    if isinstance(error, MigrationError):
        return str(error)
    return f"{database}: {_SENTENCES.get(str(error), error)}"
