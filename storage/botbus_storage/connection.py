"""Connections to the database file, and the pragmas each kind of connection lives under.

There is one writing connection in one process, which also checkpoints the WAL: SQLite before 3.51.3
can corrupt a file when two connections write or checkpoint at the same instant. Readers are
`query_only`. The writer runs with `synchronous=FULL`, so a commit that returned is on the disk.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

T = TypeVar("T")

Connect = Callable[[Path], sqlite3.Connection]
"""How a database file is opened: plainly, or with a key."""

STATEMENTS = 512
"""Prepared statements kept per connection; the writer's multi-row inserts need a few dozen."""

WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",
    "PRAGMA journal_size_limit = 67108864",
)
READER_PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8192",
)


def connect_plainly(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions, usable from the thread that aiosqlite owns."""
    return sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
    )


def shrinkable(connect: Connect) -> Connect:
    """The same, but a file that it makes can give unused pages back to the disk (auto_vacuum).

    That is decided before the first table; a file that is there stays as it is until a VACUUM. It is
    not even asked: the pragma would write to it, and a daemon may be serving it.
    """

    return partial(_open_shrinkable, connect=connect)


def _open_shrinkable(path: Path, connect: Connect) -> sqlite3.Connection:
    connection = connect(path)
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, connect: Connect, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    connection = connect(path)
    try:
        for pragma in pragmas:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


class WorkerConnection(aiosqlite.Connection):
    """An aiosqlite connection that runs a whole function in its thread: one hop, however long."""

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What the function returns when called in the connection's thread with the connection."""
        result: T = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        return result

    def post(self, function: Callable[[], object]) -> None:
        """Has a function called in the thread, and does not wait for it. It must not raise."""
        self._tx.put_nowait((None, function))

    async def open(self) -> "WorkerConnection":
        """Starts the thread and opens the file in it. Raises sqlite3.Error."""
        await self
        return self


async def open_writer(path: Path, connect: Connect = connect_plainly) -> WorkerConnection:
    return await WorkerConnection(partial(_open, path, connect, WRITER_PRAGMAS), 64).open()


async def open_reader(path: Path, connect: Connect = connect_plainly) -> WorkerConnection:
    return await WorkerConnection(partial(_open, path, connect, READER_PRAGMAS), 64).open()
