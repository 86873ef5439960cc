"""One bot floods, and is refused: others do not notice.

Compared is with the same flood at another daemon, so that what the flooding process costs the machine
is in both figures.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.daemon import flooding
from tests.daemon.conftest import unique
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess

ROUNDS = 4
SENDS = 600
TIMES = 2.0
LIMITS = "[bot_limits]\nsender_messages = 3000\n"


@pytest.fixture
def daemons() -> Iterator[tuple[DaemonProcess, DaemonProcess]]:
    """The one that is measured, and another."""
    with ExitStack() as stack:

        def start() -> DaemonProcess:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bb-")))
            return stack.enter_context(DaemonProcess(folder, settings=LIMITS))

        yield start(), start()


@contextmanager
def flooded(daemon: DaemonProcess, size: int) -> Iterator[None]:
    """While a bot floods a daemon that has begun to refuse it."""
    command = [
        sys.executable,
        flooding.__file__,
        daemon.url,
        "flooder",
        unique("victim"),
        str(size),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "refused\n"
            yield
        finally:
            process.kill()


def p99(daemon: DaemonProcess) -> float:
    """Seconds that a bot waits for the receipt of a message."""
    took: list[float] = []
    to = unique("partner")
    with Plain(daemon, unique("steady")) as bot:
        for number in range(SENDS):
            begun = time.perf_counter()
            bot.send(to, number)
            took.append(time.perf_counter() - begun)
    return sorted(took)[int(SENDS * 0.99)]


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [1, 100, 1000])
def test_another_bot_does_not_wait_longer(
    daemons: tuple[DaemonProcess, DaemonProcess], size: int
) -> None:
    measured, elsewhere = daemons
    there: list[float] = []
    here: list[float] = []
    for _ in range(ROUNDS):
        with flooded(elsewhere, size):
            there.append(p99(measured))
        with flooded(measured, size):
            here.append(p99(measured))
    assert min(here) <= TIMES * min(there), (here, there)
