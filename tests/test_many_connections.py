"""Many bots come, wait and go: the daemon gives everything back, and goes on."""

from contextlib import AsyncExitStack, suppress
from pathlib import Path

import anyio
import pytest

import botbus
from tests.daemons import DaemonProcess
from tests.waiting import until

BOTS = 150


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def descriptors(daemon: DaemonProcess) -> int:
    return len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))


async def test_parked_bots_that_leave_leave_nothing_behind(daemon: DaemonProcess) -> None:
    async with botbus.connect(url=daemon.url) as watcher:
        before = descriptors(daemon)
        for _ in range(2):
            await come_wait_and_go(daemon, watcher)

        async def all_gone() -> bool:
            gone = not await watcher.bots(connected=True)
            return gone and descriptors(daemon) <= before + 5

        await until(all_gone)


async def come_wait_and_go(daemon: DaemonProcess, watcher: botbus.Bus) -> None:
    async with anyio.create_task_group() as tasks, AsyncExitStack() as stack:
        for number in range(BOTS):
            bus = await stack.enter_async_context(botbus.connect(f"bot-{number}", url=daemon.url))
            tasks.start_soon(wait_for_mail, bus)
        assert len(await watcher.bots(connected=True)) == BOTS


async def wait_for_mail(bus: botbus.Bus) -> None:
    with suppress(botbus.Unavailable):  # the bus was closed over it
        await bus.fetch(1, 60.0)
