"""A new database, as the daemon makes it: what is measured beside the daemon has the same file."""

from pathlib import Path

import botbus_migrations
from botbus_storage.connection import connect_plainly, shrinkable
from botbus_storage.migrator import Migrator


def make_database(database: Path) -> None:
    """The shipped migrations in a file that can give unused pages back."""
    connect = shrinkable(connect_plainly)
    Migrator(database, botbus_migrations.FOLDER, connect=connect).run()
