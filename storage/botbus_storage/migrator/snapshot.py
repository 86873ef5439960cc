"""A backup while the daemon serves: one moment of the database, whole, checked, and on the disk.

The copy is read inside one read transaction, so what the daemon commits meanwhile neither shows up in
it nor makes SQLite begin anew. It gets its name only when `quick_check` has found nothing and the bytes
are synced: a file of that name is a backup that can be restored.
"""

from pathlib import Path
from typing import NamedTuple

from botbus_storage.migrator import history
from botbus_storage.migrator.backup import Progress, copy
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.execution import last
from botbus_storage.migrator.target import Target


class Snapshot(NamedTuple):
    """What was copied: the version of its schema, and its size in bytes."""

    version: int
    size: int


def back_up(
    target: Target, to: Path, *, replace: bool = False, progress: Progress | None = None
) -> Snapshot:
    """Copies the database, which may be in use, into a new file.

    Raises MigrationError if the file is there already, if there is no room, or if the copy is damaged;
    then there is no such file.
    """
    if not target.database.is_file():
        raise MigrationError(f"there is no database {target.database}")
    if to.exists() and to.samefile(target.database):
        raise MigrationError(f"{to} is the database itself: choose another name")
    if to.exists() and not replace:
        raise MigrationError(f"{to} exists already: choose another name, or add --force")
    with target.reading() as source:
        source.execute("BEGIN")
        rows = history.read(source)
        mode = target.database.stat().st_mode
        copy(source, to, target.connect, mode, progress, check=True)
        source.execute("ROLLBACK")
    return Snapshot(last(rows) if rows else 0, to.stat().st_size)
