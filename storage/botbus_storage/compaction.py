"""Writing a database anew without its unused pages, so that it can shrink by itself from then on.

For files that were made before the daemon gave pages back, or by another program. Nobody else may use
the database meanwhile, and there must be room for a second copy of it.
"""

from typing import NamedTuple

from botbus_storage.migrator.backup import require_space
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.target import Target


class Compacted(NamedTuple):
    """Bytes of the file."""

    before: int
    after: int


def compact(target: Target) -> Compacted:
    """Raises MigrationError, with nothing changed, or Locked."""
    if not target.database.is_file():
        raise MigrationError(f"there is no database {target.database}")
    with target.writing() as connection:
        before = target.database.stat().st_size
        require_space(target.database.parent, 2 * before)  # the copy, and a journal of as much
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Compacted(before, target.database.stat().st_size)
