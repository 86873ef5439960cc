"""How health finds out, over a real store."""

import shutil
import threading
from pathlib import Path

import pytest

import botbus_daemon.monitoring.health as health_module
import botbus_migrations
from botbus_daemon.monitoring.health import RED_SECONDS, Health
from botbus_protocol.errors import Fault
from botbus_storage.engine import SqliteEngine
from botbus_storage.migrator import Migrator
from botbus_storage.operations import SeeBot
from botbus_storage.store import Store, open_store


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def database(folder: Path) -> Path:
    Migrator(folder / "bus.db", botbus_migrations.FOLDER).run()
    return folder / "bus.db"


def refuse(store: Store) -> Fault:
    """As if the disk had refused what was just written."""
    engine = store._writer._engine
    assert isinstance(engine, SqliteEngine)
    engine.trouble = fault = Fault("storage_full", "it is full")
    store.commits.done(0.0, 1, fault)
    return fault


async def test_after_a_while_health_finds_out_by_itself_whether_the_disk_is_back(
    database: Path,
) -> None:
    async with open_store(database) as store:
        health = Health()
        async with health.watching(store, database):
            await store.submit([SeeBot(name="ann")])
            assert await health.trouble() is None
            fault = refuse(store)
            assert await health.trouble() == fault.message, "red for a while at the least"
            store.commits.trouble_since -= RED_SECONDS
            assert await health.trouble() is None


async def test_a_writer_that_hangs_is_not_healthy(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "PATIENCE", 0.05)
    async with open_store(database) as store:
        health = Health()
        async with health.watching(store, database):
            held = threading.Event()
            store._writer._connection.post(held.wait)
            store._writer._brisk = False
            reason = await health.trouble()
            assert reason is not None
            assert "has not answered" in reason
            held.set()
            assert await health.trouble() is None


async def test_a_defect_of_the_writer_is_for_good(database: Path) -> None:
    health = Health()
    async with (
        open_store(database, on_failure=health.failed) as store,
        health.watching(store, database),
    ):
        health.failed(RuntimeError("a bug"))
        await store.submit([SeeBot(name="ann")])
        reason = await health.trouble()
        assert reason is not None
        assert "a bug" in reason
        assert not health.bearable(reason)


async def test_a_file_that_was_taken_away_is_told_and_no_reason_for_a_restart(
    database: Path,
) -> None:
    health, aside = Health(), database.with_name("aside")
    async with open_store(database) as store, health.watching(store, database):
        shutil.move(database, aside)
        reason = await health.trouble()
        assert reason is not None
        assert f"{database} was removed or replaced" in reason
        assert health.bearable(reason)
        assert health.known() == reason
        shutil.copy(aside, database)
        assert await health.trouble() == reason, "another file of that name"
        shutil.move(aside, database)
        assert await health.trouble() is None
