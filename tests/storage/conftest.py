"""A store on a real file with the shipped schema: of each implementation, or the plain one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import botbus_migrations
from botbus_storage.connection import WRITER_PRAGMAS, connect_plainly, shrinkable
from botbus_storage.engine import SqliteEngine
from botbus_storage.migrator import Migrator
from botbus_storage.store import Store, open_store
from tests.storage.implementations import IMPLEMENTATIONS


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # aiosqlite knows no other


@pytest.fixture
def database(folder: Path) -> Path:
    path = folder / "bus.db"
    connect = shrinkable(connect_plainly)
    Migrator(path, botbus_migrations.FOLDER, connect=connect).run()
    return path


FIRST, *OTHERS = IMPLEMENTATIONS


@pytest.fixture(params=[FIRST, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)])
async def store(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Store]:
    """A store of each implementation: who uses it holds them all to the contracts."""
    async with IMPLEMENTATIONS[request.param](folder) as opened:
        yield opened


@pytest.fixture
async def plain_store(database: Path) -> AsyncIterator[Store]:
    """A store whose file the test looks into by itself."""
    async with open_store(database) as opened:
        yield opened


@pytest.fixture
def engine(database: Path) -> Iterator[SqliteEngine]:
    connection = connect_plainly(database)
    for pragma in WRITER_PRAGMAS:
        connection.execute(pragma)
    yield SqliteEngine(connection)
    connection.close()
