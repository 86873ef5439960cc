"""Copies of a database: consistent, durable, and named after what they hold and when.

A copy is written under a passing name, synced, and only then gets its own name, so a file called
`.backup` is always whole. It has the access rights of its original. The copies of one database lie
beside it, `botbus.db-v0003-20260131T090000.000000Z.backup`, and only the newest few are kept; no
other file is ever touched.
"""

import os
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from botbus_storage.migrator.connection import Connect
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.target import Target
from botbus_storage.ownership import give_to_owner
from botbus_storage.whole_file import written_whole

PAGES_AT_ONCE = 1024
_PARTIAL = ".partial"
_SLACK = 1 << 20
"""Bytes that must stay free beyond the copy itself, for the journal of what comes next."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and out of how much."""


class Backups:
    """The copies beside one database, and the one made for the batch that is about to run."""

    def __init__(self, target: Target, keep: int, progress: Progress | None) -> None:
        self.target = target
        self.database = target.database.resolve()
        self.keep = keep
        self.progress = progress
        self.made: Path | None = None

    def make(self, version: int) -> None:
        """Copy the database, once. Raises MigrationError where there is no room.

        The caller holds the write transaction that the copy is made for, so nothing comes between
        the two. A second connection reads: SQLite does not copy through one that writes.
        """
        if self.made:
            return
        for leftover in self.database.parent.glob(f"{_escaped(self.database.name)}-v*{_PARTIAL}"):
            leftover.unlink()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        copied_to = self.database.with_name(f"{self.database.name}-v{version:04}-{stamp}.backup")
        with self.target.reading() as source:
            mode = self.database.stat().st_mode
            copy(source, copied_to, self.target.connect, mode, self.progress)
        give_to_owner(copied_to, self.database)
        self.made = copied_to

    def discard(self) -> None:
        """Remove the copy just made: the batch it was made for changed nothing."""
        if self.made:
            self.made.unlink()
            self.made = None

    def prune(self) -> None:
        """Remove all but the newest copies, after a batch that went well."""
        if self.made:
            for old in self.list()[: -self.keep]:
                old.unlink()

    def list(self) -> list[Path]:
        """The copies of this database, oldest first."""
        shape = re.compile(re.escape(self.database.name) + r"-v\d+-(\d{8}T\d{6}\.\d{6}Z)\.backup")
        found = [(shape.fullmatch(path.name), path) for path in self.database.parent.iterdir()]
        return [path for _, path in sorted((name[1], path) for name, path in found if name)]


def copy(
    source: sqlite3.Connection,
    target: Path,
    connect: Connect,
    mode: int,
    progress: Progress | None = None,
    *,
    check: bool = False,
) -> None:
    """Copy a whole database into the new file `target`, durably, with the access rights `mode`.

    Raises OSError, also if another process is writing it. With `check`, a copy in which
    `quick_check` finds damage is refused and removed.
    """
    require_space(target.parent, _size(source))
    with written_whole(target, mode & 0o777) as partial:
        _fill(source, partial, connect, progress)
        if check:
            _require_sound(partial, connect)


def require_space(folder: Path, size: int) -> None:
    """Raise MigrationError unless `size` bytes more fit into the file system of `folder`."""
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if free < size + _SLACK:
        raise MigrationError(
            f"a copy of the database needs {size / 1e6:.1f} MB in {folder}, where {free / 1e6:.1f} MB "
            "are free: make room"
        )


def _fill(
    source: sqlite3.Connection, partial: Path, connect: Connect, progress: Progress | None
) -> None:
    """Copy page by page into an empty file, which needs no journal: it is thrown away if it fails."""

    def told(_status: int, remaining: int, total: int) -> None:
        if progress:
            progress("copy", total - remaining, total)

    copied = connect(partial)
    try:
        copied.execute("PRAGMA journal_mode = OFF")
        copied.execute("PRAGMA synchronous = OFF")
        source.backup(copied, pages=PAGES_AT_ONCE, progress=told)
    finally:
        copied.close()


def _require_sound(partial: Path, connect: Connect) -> None:
    copied = connect(partial)
    try:
        findings = damage(copied)
    finally:
        copied.close()
    if findings != ["ok"]:
        raise MigrationError(f"the copy is damaged, so is the database: {'; '.join(findings)}")


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with a database; a lone `ok` if nothing is."""
    try:
        return [str(text) for (text,) in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return [str(error)]


def _size(connection: sqlite3.Connection) -> int:
    """Bytes of the whole database, what is still in its WAL included."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)


def _escaped(name: str) -> str:
    """A file name as a pattern for glob that matches only itself."""
    return re.sub(r"([*?\[])", r"[\1]", name)
