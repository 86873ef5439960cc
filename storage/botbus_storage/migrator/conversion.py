"""Encrypting a database, or decrypting one: a new file is made, compared, and only then put in place.

SQLCipher's export writes the new file. Whether it holds what the old one holds is not left to it:
every object and every row of both files are read and compared.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botbus_storage.cipher import connector, is_encrypted, open_with, read_key
from botbus_storage.migrator.backup import Progress, require_space
from botbus_storage.migrator.batch import transaction
from botbus_storage.migrator.connection import opened, speaking
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.replace import fold, put_in_place
from botbus_storage.migrator.target import Target
from botbus_storage.whole_file import sync

_ROWS_AT_ONCE = 1000
_CARRIED = ("auto_vacuum", "user_version", "application_id")
"""What the export leaves out, and a file must keep. `auto_vacuum` only takes before the first write."""


def encrypt(target: Target, key_file: Path, progress: Progress | None = None) -> None:
    """Encrypt a database in place with the key in `key_file`. The caller holds the lock.

    Raises MigrationError, with nothing changed, if it cannot be done or the result differs.
    """
    if is_encrypted(target.database):
        raise MigrationError(f"{target.database} is encrypted already, or no SQLite database")
    with speaking(target.database):
        _convert(target, "", read_key(key_file), progress)


def decrypt(target: Target, key_file: Path, progress: Progress | None = None) -> None:
    """Decrypt a database in place, the other way round from `encrypt`."""
    if not is_encrypted(target.database):
        raise MigrationError(f"{target.database} is not encrypted")
    with speaking(target.database):
        connector(key_file)(target.database).close()  # a wrong key is told as one
        _convert(target, read_key(key_file), "", progress)


def _convert(target: Target, old_key: str, new_key: str, progress: Progress | None) -> None:
    database = target.database.resolve()
    old = target._replace(database=database, connect=lambda path: open_with(path, old_key))
    require_space(database.parent, database.stat().st_size)
    with _new_file(database) as new:
        with opened(database, old.connect, old.wait) as guard, transaction(guard, keep=False):
            _export(database, old_key, new, new_key)
            _compare(database, old_key, new, new_key, progress)
        fold(old)
        sync(new)
        put_in_place(new, database)


@contextmanager
def _new_file(database: Path) -> Iterator[Path]:
    """An empty file beside the database, with its access rights; removed if it is still there."""
    new = database.with_name(database.name + "-converting")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        new.chmod(database.stat().st_mode & 0o777)
        yield new
    finally:
        new.unlink(missing_ok=True)


def _export(database: Path, old_key: str, new: Path, new_key: str) -> None:
    source = open_with(database, old_key)
    try:
        source.execute("ATTACH DATABASE ? AS converted KEY ?", (str(new), new_key))
        for pragma in _CARRIED:
            (value,) = source.execute(f"PRAGMA main.{pragma}").fetchone()
            source.execute(f"PRAGMA converted.{pragma} = {value}")
        source.execute("SELECT sqlcipher_export('converted')").fetchall()
        (mode,) = source.execute("PRAGMA main.journal_mode").fetchone()
        source.execute("DETACH DATABASE converted")
    finally:
        source.close()
    if mode == "wal":
        result = open_with(new, new_key)
        result.execute("PRAGMA journal_mode = WAL")
        result.close()


def _compare(
    database: Path, old_key: str, new: Path, new_key: str, progress: Progress | None
) -> None:
    """Raise MigrationError unless both files hold the same, and the new one is sound."""
    old, made = open_with(database, old_key), open_with(new, new_key)
    try:
        if made.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise MigrationError("the converted file is damaged; the database was left as it was")
        if new_key and (bad := made.execute("PRAGMA cipher_integrity_check").fetchall()):
            raise MigrationError(
                f"the encrypted file is damaged ({bad[0][0]}); nothing was changed"
            )
        tables = _tables(old)
        for number, question in enumerate(_questions(tables)):
            if not _same(old, made, question):
                raise MigrationError(
                    f"the converted file differs from the database ({question}); nothing was changed"
                )
            if progress:
                progress("verify", number + 1, len(tables) + len(_CARRIED) + 1)
    finally:
        old.close()
        made.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        " AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'"
    )
    return [name for (name,) in rows]


def _questions(tables: list[str]) -> Iterator[str]:
    """What both files must answer alike."""
    yield "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    for pragma in _CARRIED:
        yield f"PRAGMA {pragma}"
    for name in tables:
        quoted = name.replace('"', '""')
        yield f'SELECT * FROM "{quoted}"'


def _same(one: sqlite3.Connection, other: sqlite3.Connection, question: str) -> bool:
    """Whether two databases give the same rows in the same order."""
    left, right = one.execute(question), other.execute(question)
    while True:
        rows = left.fetchmany(_ROWS_AT_ONCE)
        if rows != right.fetchmany(_ROWS_AT_ONCE):
            return False
        if not rows:
            return True
