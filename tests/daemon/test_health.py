"""Health as it is told over HTTP and to a watchdog: what is said is what is so."""

import contextlib
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking_http import connected, get, parsed, read_all, say
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.waiting import eventually


@contextlib.contextmanager
def watched(folder: Path, *options: str) -> Iterator[tuple[DaemonProcess, Path]]:
    """A daemon that serves HTTP, and where."""
    place = folder / "http"
    settings = f'[http]\nlisten = "unix:{place}"\n'
    with DaemonProcess(folder, *options, settings=settings) as daemon:
        yield daemon, place


@contextlib.contextmanager
def no_file_may_grow(daemon: DaemonProcess) -> Iterator[None]:
    """The kernel refuses what the daemon writes beyond what is there."""
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    yield
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, free)


def test_a_daemon_that_serves_is_well_and_ready(folder: Path) -> None:
    with watched(folder) as (_, place):
        for path in ("/healthz", "/readyz"):
            answer = get(place, path)
            assert (answer.status, answer.body) == (200, "ok\n")
            assert answer.headers["content-length"] == "3"


def test_a_refused_write_turns_health_red_until_something_is_written(folder: Path) -> None:
    with watched(folder) as (daemon, place), Plain(daemon, "ann") as ann:
        ann.send("bob", 1)
        with no_file_may_grow(daemon):
            (reply,) = ann.ask(ann.letter("bob", 2))
            assert reply["error"]["code"] in {"storage_full", "storage_failed"}
            for path in ("/healthz", "/readyz"):
                answer = get(place, path)
                assert answer.status == 503
                assert "nothing was stored" in answer.body
        assert get(place, "/healthz").status == 503, "nothing was written since"
        ann.send("bob", 3)
        assert get(place, "/healthz").status == 200
        assert get(place, "/readyz").status == 200


def test_a_daemon_that_stops_is_not_ready(folder: Path) -> None:
    with watched(folder) as (daemon, place), Plain(daemon, "ann") as ann:
        ann.ok("hello")
        with connected(place) as asking:
            parked = ann.parked({"op": "fetch", "wait": 60.0})
            asking.sendall(b"GET /readyz HTTP/1.1\r\n")
            daemon.signal(signal.SIGTERM)
            with contextlib.suppress(Exception):
                parked.answer()
            asking.sendall(b"\r\n")
            answer = read_all(asking)
        # The process may be gone before it answers; what it must not say is that it is ready.
        assert not answer or parsed(answer).status == 503
        assert daemon.wait() == 0
        assert not place.exists()


def test_the_watchdog_is_not_pinged_while_the_disk_refuses(
    folder: Path, notify_socket: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with watched(folder) as (daemon, _), Plain(daemon, "ann") as ann:
        ann.send("bob", 1)
        with no_file_may_grow(daemon):
            ann.ask(ann.letter("bob", 2))
            eventually(lambda: "STATUS=unwell" in notify_socket.recv(4096).decode())
            for _ in range(3):
                assert "WATCHDOG" not in notify_socket.recv(4096).decode()
        ann.send("bob", 3)
        eventually(lambda: "WATCHDOG=1" in notify_socket.recv(4096).decode())


def test_what_is_no_request_is_refused_and_harms_nobody(folder: Path) -> None:
    with watched(folder) as (_, place):
        assert get(place, "/nowhere").status == 404
        assert "/healthz" in get(place, "/nowhere").body
        assert get(place, "/healthz", method="POST").status == 405
        assert get(place, "/healthz?verbose").status == 200
        head = get(place, "/healthz", method="HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, "", "3")
        assert parsed(say(place, b"what is this\r\n\r\n")).status == 400
        assert parsed(say(place, b"GET / HTTP/1.1\r\nno colon\r\n\r\n")).status == 400
        assert parsed(say(place, b"GET /" + b"x" * 9000)).status == 431
        with connected(place) as rude:
            rude.sendall(b"GET /heal")
        assert get(place, "/healthz").status == 200


def test_who_connects_without_end_is_turned_away_and_forgotten(folder: Path) -> None:
    with watched(folder) as (_, place), contextlib.ExitStack() as idle:
        for _ in range(16):
            idle.enter_context(connected(place))
        with connected(place) as one_too_many, contextlib.suppress(ConnectionError):
            one_too_many.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert read_all(one_too_many) == b""
        idle.close()
        eventually(lambda: _answered(place))


def _answered(place: Path) -> bool:
    try:
        return get(place, "/healthz").status == 200
    except (ConnectionError, IndexError):
        return False
