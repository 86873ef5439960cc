"""Migrations: a schema that evolves step by step, for the daemon and for a bot's own database.

    from botbus_storage.migrator import Migrator

    report = Migrator("bot.db", "migrations").run()

A folder holds numbered SQL files, the table `schema_history` in the database says which of them
were applied, and a run applies the others in one transaction. The package is synchronous and knows
nothing of the daemon; any SQLite file and any folder will do.
"""

from botbus_storage.database_lock import DatabaseLock, Locked
from botbus_storage.migrator.batch import Done
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.execution import Report
from botbus_storage.migrator.folder import GOLDEN
from botbus_storage.migrator.migrator import Migrator, Status

__all__ = [
    "GOLDEN",
    "DatabaseLock",
    "Done",
    "Locked",
    "MigrationError",
    "Migrator",
    "Report",
    "Status",
]
