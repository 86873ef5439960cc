"""The implementations of the repositories: each has to pass every suite that uses `store`.

Each opens a store on an empty database with the shipped schema in a folder.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

import botbus_migrations
from botbus_storage.cipher import connector
from botbus_storage.connection import Connect, connect_plainly, shrinkable
from botbus_storage.migrator import Migrator
from botbus_storage.store import Store, open_store

Open = Callable[[Path], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Store]:
    async with _opened(folder, connect_plainly) as store:
        yield store


@asynccontextmanager
async def sqlcipher(folder: Path) -> AsyncIterator[Store]:
    """An encrypted file; with a key that costs no hashing."""
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    key_file = folder / "key"
    key_file.write_text("0f" * 32)
    key_file.chmod(0o600)
    async with _opened(folder, connector(key_file)) as store:
        yield store


@asynccontextmanager
async def _opened(folder: Path, connect: Connect) -> AsyncIterator[Store]:
    database = folder / "bus.db"
    Migrator(database, botbus_migrations.FOLDER, connect=shrinkable(connect)).run()
    async with open_store(database, connect=connect) as store:
        yield store


IMPLEMENTATIONS: dict[str, Open] = {"sqlite": sqlite, "sqlcipher": sqlcipher}
