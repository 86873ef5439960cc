"""Databases encrypted with SQLCipher: how one is opened, with the key taken from a file.

`connector` gives a function that opens a path, as `sqlite3.connect` would, for whoever opens
databases: the engine, the migrator, a backup. What it opens behaves like a `sqlite3.Connection` down
to the errors it raises, so that nobody else need know which of the two libraries is at work.

A key file holds a passphrase on its first line, or 64 hexadecimal digits, which are the key itself
and open quickly (a passphrase costs its quarter million rounds of hashing at each opening). Keys are
never part of a message.
"""

import re
import sqlite3
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

_CURSOR_METHODS = (
    "execute",
    "executemany",
    "executescript",
    "fetchone",
    "fetchmany",
    "fetchall",
    "__next__",
)
_CONNECTION_METHODS = ("commit", "rollback", "backup", "close", "create_function")
_ERRORS = (
    "Warning",
    "Error",
    "InterfaceError",
    "DatabaseError",
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
)


class KeyRefused(sqlite3.DatabaseError):
    """The key file cannot be used, or its key does not open the database. Nothing was changed."""


def connector(key_file: Path) -> Callable[[Path], sqlite3.Connection]:
    """A function that opens the database at a path with the key in `key_file`.

    Raises KeyRefused for a file that cannot be used; so does the function for a key that is wrong
    or a database that is not encrypted. Needs the extra `encryption`.
    """
    key = read_key(key_file)

    def connect(path: Path) -> sqlite3.Connection:
        try:
            return open_with(path, key)
        except sqlite3.DatabaseError as error:
            if "not a database" not in str(error):
                raise
            if not is_encrypted(path):
                raise KeyRefused(
                    f"{path} is not encrypted: run `botbus migrate encrypt` first"
                ) from error
            raise KeyRefused(f"the key in {key_file} is not the key of {path}") from error

    _connection_class()
    return connect


def open_with(path: Path, key: str) -> sqlite3.Connection:
    """Open with a key as `read_key` gives it, or with an empty one what is not encrypted.

    Raises sqlite3.DatabaseError for a wrong key.
    """
    connection: sqlite3.Connection = _connection_class()(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")  # a wrong key is told once, by us
        if key:
            literal = "'" + key.replace("'", "''") + "'"
            connection.execute(f"PRAGMA key = {literal}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def read_key(key_file: Path) -> str:
    """The key in a file, as SQLCipher takes it. Raises KeyRefused with a sentence."""
    try:
        if key_file.stat().st_mode & 0o007:
            raise KeyRefused(f"every user may use the key file {key_file}: chmod 600 it")
        lines = key_file.read_text().splitlines()
    except OSError as error:
        raise KeyRefused(f"the key file {key_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyRefused(f"the key file {key_file} is not text") from error
    key = lines[0].strip() if lines else ""
    if not key:
        raise KeyRefused(f"the first line of the key file {key_file} is empty")
    return f"x'{key}'" if re.fullmatch(r"[0-9a-fA-F]{64}", key) else key


def is_encrypted(path: Path) -> bool:
    """Whether a file has content that cannot be read without a key.

    SQLCipher itself is asked. Reading the first bytes would be simpler, and would cost this process
    every lock it holds on the file, as POSIX has it, in the moment the file is closed.
    """
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        open_with(path, "").close()
    except sqlite3.DatabaseError as error:
        if "not a database" not in str(error):
            raise
        return True
    return False


@cache
def _connection_class() -> Callable[..., sqlite3.Connection]:
    """SQLCipher's Connection and Cursor, made to raise the errors of `sqlite3`."""
    try:
        library = import_module("sqlcipher3.dbapi2")
    except ImportError as error:
        raise KeyRefused(
            "encrypted databases need SQLCipher: pip install 'botbus[encryption]'"
        ) from error
    methods = {name: _translating(library, library.Cursor, name) for name in _CURSOR_METHODS}
    cursor_class = type("Cursor", (library.Cursor,), methods)

    def cursor(self: Any, factory: Any = cursor_class) -> Any:
        return library.Connection.cursor(self, factory)

    methods = {
        name: _translating(library, library.Connection, name) for name in _CONNECTION_METHODS
    }
    errors = {name: getattr(sqlite3, name) for name in _ERRORS}
    made: Any = type("Connection", (library.Connection,), {"cursor": cursor, **methods, **errors})
    return _translated(library, made)


def _translating(library: Any, owner: Any, name: str) -> Callable[..., Any]:
    return _translated(library, getattr(owner, name))


def _translated(library: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose SQLCipher errors come out as the `sqlite3` errors of the same name."""

    @wraps(method)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return method(*args, **named)
        except (library.Error, library.Warning) as error:
            same = getattr(sqlite3, type(error).__name__)(*error.args)
            same.__dict__.update(error.__dict__)
            raise same from error

    return call
