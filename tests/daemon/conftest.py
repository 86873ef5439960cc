"""Daemons for the tests of this folder: one for a whole module, and bots that speak to it."""

import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

import botbus_migrations
from botbus_storage.migrator import Migrator
from botbus_storage.store import Store, open_store
from tests.daemon.notifying import notified
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess

_numbers = count(1)


class Bots:
    """Makes connections to one daemon and closes them at the end of the test."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self.daemon = daemon
        self._connections: list[Plain] = []

    def __call__(self, word: str = "bot") -> Plain:
        """A bot that nobody else has: its name ends in a number of its own."""
        return self.named(unique(word))

    def named(self, name: str | None) -> Plain:
        """A connection of a bot; None for one who only watches."""
        self._connections.append(Plain(self.daemon, name))
        return self._connections[-1]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{next(_numbers)}"


@pytest.fixture(scope="module")
def settings() -> str:
    """The settings file of the module's daemon; a module that wants its own overrides this."""
    return ""


@pytest.fixture(scope="module")
def server(settings: str) -> Iterator[DaemonProcess]:
    """The daemon of a whole module. What it logs is a defect of its own: there must be nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="bb-") as name,
        DaemonProcess(Path(name), settings=settings) as process,
    ):
        yield process
        assert process.stop() == 0
        assert process.log() == ""


@pytest.fixture
def bots(server: DaemonProcess) -> Iterator[Bots]:
    """Bots at the daemon of the module."""
    bots = Bots(server)
    yield bots
    bots.close()


@pytest.fixture
def own(daemon: DaemonProcess) -> Iterator[Bots]:
    """Bots at a daemon of the test's own, which it may stop and kill as `own.daemon`."""
    bots = Bots(daemon)
    yield bots
    bots.close()


@pytest.fixture
def notify_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where the test's daemons tell how they are."""
    with notified(tmp_path) as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.getsockname())
        yield listening


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[Store]:
    """What a daemon writes to, without the daemon."""
    Migrator(folder / "bus.db", botbus_migrations.FOLDER).run()
    async with open_store(folder / "bus.db") as opened:
        yield opened
