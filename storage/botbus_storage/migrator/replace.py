"""Putting one database file in the place of another, so that a crash leaves the one or the other.

A database is more than its file: a WAL or a journal beside it belongs to it, and would ruin any
other file of that name. So these are folded into the old file first; then the new file takes the
name in one rename. Whoever calls this holds the lock of the database.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from botbus_storage.migrator.connection import opened
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.target import Target
from botbus_storage.ownership import give_to_owner
from botbus_storage.whole_file import sync

_COMPANIONS = ("-wal", "-shm", "-journal")


def fold(target: Target) -> None:
    """Bring everything committed into the file itself. Raises MigrationError if that cannot be."""
    with opened(target.database, target.connect, target.wait) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if left := [each.name for each in _companions(target.database)]:
        raise MigrationError(
            f"another program has {target.database} open ({', '.join(left)} is there): close it first"
        )


def set_aside(database: Path) -> Path:
    """Give the file, with its companions, a second name beside the first. Returns that name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = database.with_name(f"{database.name}-replaced-{stamp}")
    for companion in _companions(database):
        os.link(companion, f"{aside}{companion.name.removeprefix(database.name)}")
    os.link(database, aside)
    sync(database.parent)
    return aside


def put_in_place(new: Path, database: Path) -> None:
    """Let the synced file `new` be the database from now on, with the owner of the one before it."""
    give_to_owner(new, database)
    remove_companions(database)
    new.replace(database)
    sync(database.parent)


def remove_companions(database: Path) -> None:
    """Remove, durably, what lies beside a database and must not be taken for part of it."""
    for companion in _companions(database):
        companion.unlink()
    sync(database.parent)


def _companions(database: Path) -> list[Path]:
    names = [database.with_name(database.name + suffix) for suffix in _COMPANIONS]
    return [path for path in names if path.exists()]
