"""Clients that come and go while the disk is full: told once, remembered up to a number."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from botbus_daemon.presence import Connection, Peer
from botbus_daemon.records.clients import MOST_UNWRITTEN, Clients
from botbus_storage.store import Store
from tests.daemon.small_disk import set_pages


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def recorded(folder: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(folder / "bus.db")) as database:
        return database.execute("SELECT client_id, is_active FROM connections").fetchall()


async def test_they_are_entered_when_there_is_space(
    folder: Path,
    store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clients = Clients(store)
    early = Connection(1, Peer(0, 0, 1))
    clients.come(early)
    await clients.flush()
    await set_pages(store, None)
    late = range(2, MOST_UNWRITTEN + 502)
    for pipe in late:
        clients.come(Connection(pipe, Peer(0, 0, pipe)))
        clients.left(pipe)
    with caplog.at_level(logging.WARNING):
        clients.left(1)
        for _ in range(3):
            await clients.flush()
    assert caplog.text.count("could not be recorded") == 1
    await set_pages(store, 1_000_000)
    await clients.close()
    (known, *others) = sorted(recorded(folder), key=lambda row: int(row[0].partition(":")[2]))
    assert known == ("pid:1", 0)
    assert others == [(f"pid:{pipe}", 0) for pipe in late[-MOST_UNWRITTEN:]]
