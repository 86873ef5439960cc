"""Clients that do their worst: they do not read, they stop in the middle of a word, they come and go.

What they cost is bounded, and others are served meanwhile.
"""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from botbus_daemon.listener import MOST_UNREAD
from botbus_daemon.pipe import REST_SECONDS, UNREAD_SECONDS
from tests.baddays.raw import connected, request
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.vitals import MIB, open_files, resident
from tests.waiting import eventually

PATIENCE = 2.0
"""Seconds in which the others must be answered; a machine that runs tests may be busy."""


@contextlib.contextmanager
def others_are_served(daemon: DaemonProcess) -> Iterator[None]:
    """Somebody with manners writes and reads before, in the middle and afterwards."""
    with Plain(daemon, "polite") as polite:
        exchange(polite)
        yield
        begun = time.monotonic()
        exchange(polite)
        assert time.monotonic() - begun < PATIENCE


def exchange(polite: Plain) -> None:
    polite.send("polite", "please")
    (delivery,) = polite.fetch(max=1)
    polite.settle("ack", delivery)


def fill(sender: Plain, bot: str, count: int) -> None:
    for _ in range(count):
        sender.send(bot, "x" * 200_000)


def pour(deaf: socket.socket, frame: bytes) -> int:
    """Asks and asks until nothing more is taken; how often."""
    deaf.settimeout(0.3)
    number = 0
    with contextlib.suppress(TimeoutError, ConnectionError):
        for number in range(20_000):
            deaf.sendall(request(number, frame))
    return number


def test_who_does_not_read_is_not_read_from(daemon: DaemonProcess) -> None:
    with (
        others_are_served(daemon),
        Plain(daemon, "sender") as sender,
        contextlib.ExitStack() as deaf,
    ):
        fill(sender, "deaf", 5)
        peek = sender.frame({"op": "peek", "max": 100}, bot="deaf")
        before = resident(daemon.pid)
        asked = [pour(deaf.enter_context(connected(daemon)), peek) for _ in range(5)]
        assert all(0 < times < 20_000 for times in asked)
        assert resident(daemon.pid) < before + 2 * MOST_UNREAD


@pytest.mark.long
def test_who_does_not_read_for_long_is_hung_up_on(daemon: DaemonProcess) -> None:
    with Plain(daemon, "sender") as sender, connected(daemon) as deaf:
        fill(sender, "deaf", 5)
        before = open_files(daemon.pid)
        pour(deaf, sender.frame({"op": "peek", "max": 100}, bot="deaf"))
        eventually(lambda: open_files(daemon.pid) < before, UNREAD_SECONDS * 3)


def test_half_sent_frames_are_bounded(daemon: DaemonProcess) -> None:
    frame = b"\x01" + (10 * MIB).to_bytes(8, "big") + bytes(2 * MIB)
    before = resident(daemon.pid)
    with others_are_served(daemon), contextlib.ExitStack() as halves:
        for number in range(60):
            half = halves.enter_context(connected(daemon))
            # Every third stops in the greeting, in the head of a frame, or in the middle of a long one.
            half.sendall((b"", frame[:5], frame)[number % 3])
        assert resident(daemon.pid) < before + 20 * 1.2 * MIB + 20 * MIB


@pytest.mark.long
def test_who_never_sends_the_rest_is_hung_up_on(daemon: DaemonProcess) -> None:
    with connected(daemon) as half, connected(daemon) as whole, Plain(daemon, "polite") as polite:
        half.sendall(request(1, polite.frame({"op": "hello"}))[:-1])
        for number in range(int(REST_SECONDS) + 2):
            begun = request(number, polite.frame({"op": "hello"}))
            whole.sendall(begun[:-1])
            time.sleep(1)
            whole.sendall(begun[-1:])
        assert half.recv(8)  # the greeting
        assert half.recv(1) == b""
        exchange(polite)
        whole.settimeout(1)
        heard = 0
        with contextlib.suppress(TimeoutError):
            while data := whole.recv(65536):
                heard += len(data)
        assert heard > 1000


def test_a_thousand_connects_and_disconnects_a_second(daemon: DaemonProcess) -> None:
    with others_are_served(daemon):
        come_and_go(daemon, 3000)  # so that what is allocated once is allocated
        files, memory = open_files(daemon.pid), resident(daemon.pid)
        come_and_go(daemon, 6000)
        eventually(lambda: open_files(daemon.pid) <= files)
        assert resident(daemon.pid) < memory + 4 * MIB
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()


def come_and_go(daemon: DaemonProcess, times: int) -> None:
    """Some greet, some speak as a bot, some leave at once; nobody waits for an answer."""
    frame = b"\x84\xa1v\x01\xa3bot\xa5gnats\xa6atomic\xc2\xa8requests\x91\x81\xa2op\xa5hello"
    for number in range(times):
        with connected(daemon, greet=number % 3 > 0) as raw, contextlib.suppress(BrokenPipeError):
            raw.sendall(request(1, frame) if number % 3 == 2 else b"")
