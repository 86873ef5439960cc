"""Going back to a backup: the copy is checked, the present database is kept under another name.

The present database may be damaged beyond opening; that is what backups are for. It is set aside as
it is, with its WAL or journal, and the copy of the backup takes its place.
"""

from pathlib import Path
from typing import NamedTuple

from botbus_storage.migrator import history
from botbus_storage.migrator.backup import Progress, copy, damage
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.execution import last
from botbus_storage.migrator.replace import fold, put_in_place, remove_companions, set_aside
from botbus_storage.migrator.target import Target


class Restored(NamedTuple):
    """The version of the schema now in place, and where the database before it is kept, if any."""

    version: int
    kept: Path | None


def restore(target: Target, backup: Path, progress: Progress | None = None) -> Restored:
    """Put a copy of `backup` in the place of the target's database. The caller holds the lock.

    Raises MigrationError, with nothing changed, if the backup is not a whole database with a
    history of migrations.
    """
    database = target.database.resolve()
    if database.exists() and backup.samefile(database):
        raise MigrationError(f"{backup} is the database itself, not a backup of it")
    source = target._replace(database=backup)
    version = _check(source)
    new = database.with_name(database.name + "-restoring")
    mode = (database if database.exists() else backup).stat().st_mode
    with source.reading() as connection:
        copy(connection, new, target.connect, mode, progress)
    try:
        kept = _keep(target._replace(database=database)) if database.exists() else None
        put_in_place(new, database)
    finally:
        new.unlink(missing_ok=True)
    return Restored(version, kept)


def _check(source: Target) -> int:
    """The version of a backup. Raises MigrationError unless it is sound and one of ours."""
    with source.reading() as connection:
        if (findings := damage(connection)) != ["ok"]:
            raise MigrationError(f"the backup {source.database} is damaged: {'; '.join(findings)}")
        rows = history.read(connection)
    if not rows:
        raise MigrationError(
            f"{source.database} has no history of migrations: it is not a backup to restore"
        )
    return last(rows)


def _keep(target: Target) -> Path:
    """Set the present database aside, folded into one file if it can still be read.

    The second names come first: opening a ruined database makes SQLite remove what lies beside it.
    """
    aside = set_aside(target.database)
    try:
        if _readable(target):
            fold(target)
            remove_companions(aside)
    except MigrationError:
        remove_companions(aside)
        aside.unlink()
        raise
    return aside


def _readable(target: Target) -> bool:
    try:
        with target.reading() as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except MigrationError:
        return False
    return True
