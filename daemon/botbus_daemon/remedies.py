"""What to do about a database that cannot be used: the end of the sentence that refuses a start.

Pure but for a look at which backups lie beside the database. What cannot be helped by a sentence gets
none.
"""

import re
import sqlite3
from pathlib import Path

from botbus_daemon.claiming import CannotServe
from botbus_storage.faults import primary_code

_BACKUP = re.compile(r"-v\d+-(?P<stamp>\d{8}T\d{6}\.\d{6}Z)\.backup")


def cannot_serve(database: Path, error: BaseException) -> CannotServe:
    """The refusal to serve a database, with what is wrong and what to do."""
    text = str(error)
    told = text if text.startswith(str(database)) else f"{database}: {text}"
    remedy = _remedy(database, _sqlite_code(error))
    return CannotServe(f"{told}: {remedy}" if remedy else told)


def _remedy(database: Path, code: int) -> str:
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return f"`botbus doctor` looks at it; go back to a backup with {_restoring(database)}"
    if code == sqlite3.SQLITE_FULL:
        return "free some space and start again"
    if code == sqlite3.SQLITE_IOERR:
        return "see what the kernel says of the disk (dmesg) before you start again"
    return ""


def _restoring(database: Path) -> str:
    """The command that restores; the newest backup that a migration made, if there is one."""
    newest = newest_backup(database)
    words = f"`botbus restore {newest or 'FILE'} --database {database}`"
    return words if newest is None else f"{words}, or a newer one of your own"


def newest_backup(database: Path) -> Path | None:
    """Of those that migrations have left beside a database."""
    database = database.resolve()
    found: list[tuple[str, Path]] = []
    for path in database.parent.iterdir():
        name = _BACKUP.fullmatch(path.name.removeprefix(database.name))
        if name is not None and path.name.startswith(database.name):
            found.append((name["stamp"], path))
    return max(found)[1] if found else None


def _sqlite_code(error: BaseException | None) -> int:
    """SQLite's code of the first in a chain of errors that has one; -1 if none has."""
    while error is not None:
        if isinstance(error, sqlite3.Error):
            return primary_code(error)
        error = error.__cause__
    return -1
