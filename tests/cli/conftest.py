"""One daemon for all tests of the command: each test speaks of bots and channels of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import botbus
from tests.cli.command import Botbus
from tests.cli.playing import play
from tests.daemons import DaemonProcess


@pytest.fixture(scope="session")
def shared_daemon() -> Iterator[DaemonProcess]:
    with tempfile.TemporaryDirectory(prefix="bb-") as name, DaemonProcess(Path(name)) as daemon:
        yield daemon


@pytest.fixture
def run(shared_daemon: DaemonProcess) -> Botbus:
    """Runs the command."""
    return Botbus(shared_daemon.url)


@pytest.fixture
def planner(shared_daemon: DaemonProcess) -> Iterator[botbus.SyncBus]:
    """A bot that is there already, because it starts no process."""
    with botbus.connect_sync("planner", url=shared_daemon.url) as bus:
        yield bus


@pytest.fixture
def reader(shared_daemon: DaemonProcess) -> Iterator[botbus.SyncBus]:
    """A bot with an empty mailbox."""
    with botbus.connect_sync(f"reader-{botbus.new_id()[-12:]}", url=shared_daemon.url) as bus:
        yield bus


@pytest.fixture
def worker(shared_daemon: DaemonProcess) -> Iterator[botbus.SyncBus]:
    """A bot that works on `play`."""
    with botbus.connect_sync("player", url=shared_daemon.url) as bus:
        bus.work(play)
        yield bus
