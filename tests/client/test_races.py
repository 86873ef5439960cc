"""What only shows under load: a machine that is busy elsewhere, and thousands of frames."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest

import botbus

ROUNDS = 150

PEER = """
import sys
from pathlib import Path
from tests.client.peer import Peer

peer = Peer(Path(sys.argv[1]))
peer.start()
print(peer.url, flush=True)
sys.stdin.read()
peer.stop()
"""


@contextmanager
def quick_peer(folder: Path) -> Iterator[str]:
    """One that answers more quickly than anything that keeps its word; its URL."""
    with subprocess.Popen(
        [sys.executable, "-c", PEER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as peer:
        assert peer.stdout is not None
        yield peer.stdout.readline().strip()


@contextmanager
def busy_machine(processes: int = 3) -> Iterator[None]:
    """Other programs want the processors too."""
    with ExitStack() as stack:
        for _ in range(processes):
            other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(other.wait)
            stack.callback(other.kill)
        yield


@pytest.mark.long
async def test_an_answer_that_overtakes_the_news_of_its_sending(folder: Path) -> None:
    """A line that is used again before NNG is done with it would never come free."""

    async def chat(bus: botbus.Bus) -> None:
        for _ in range(20):
            await bus.send("coder", "x" * 3000)

    with quick_peer(folder) as url, busy_machine():
        for _ in range(ROUNDS):
            async with (
                botbus.connect("planner", url=url) as bus,
                anyio.create_task_group() as tasks,
            ):
                for _ in range(40):
                    tasks.start_soon(chat, bus)
