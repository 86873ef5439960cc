"""What the daemon tells whoever started it, over a real notify socket."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from botbus_daemon.supervision import Supervisor
from tests.daemon.notifying import told
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess


def test_ready_only_when_serving_and_stopping_on_the_way_out(
    tmp_path: Path, notify_socket: socket.socket
) -> None:
    with DaemonProcess(tmp_path) as daemon:
        first = told(notify_socket)
        assert first["READY"] == "1"
        assert daemon.url in first["STATUS"]
        assert daemon.stop() == 0
        assert told(notify_socket)["STOPPING"] == "1"


def test_a_reload_is_told_from_its_beginning_to_its_end(
    tmp_path: Path, notify_socket: socket.socket
) -> None:
    with DaemonProcess(tmp_path, settings="") as daemon:
        assert told(notify_socket)["READY"] == "1"
        for settings in ('log_level = "error"', "log_level = 3"):
            daemon.config.write_text(settings)
            before = time.monotonic_ns() // 1000
            daemon.signal(signal.SIGHUP)
            begun = told(notify_socket)
            assert begun["RELOADING"] == "1"
            assert before <= int(begun["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
            ended = told(notify_socket)
            assert ended["READY"] == "1"
            assert "serves" in ended["STATUS"]
        assert f"{daemon.config}: Expected `str`, got `int` - at `$.log_level`" in daemon.log()
        assert daemon.stop() == 0


def test_a_watchdog_is_pinged_and_not_by_a_daemon_that_hangs(
    tmp_path: Path, notify_socket: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with DaemonProcess(tmp_path) as daemon:
        assert told(notify_socket)["READY"] == "1"
        next_ping(notify_socket)
        next_ping(notify_socket)
        daemon.signal(signal.SIGSTOP)
        notify_socket.settimeout(0.5)
        for _ in range(2):  # what was under way when it was stopped
            with contextlib.suppress(TimeoutError):
                told(notify_socket)
        with pytest.raises(TimeoutError):
            told(notify_socket)
        daemon.signal(signal.SIGCONT)
        notify_socket.settimeout(10)
        next_ping(notify_socket)


def test_the_status_tells_figures_and_changes_with_them(
    tmp_path: Path, notify_socket: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with DaemonProcess(tmp_path) as daemon:
        assert told(notify_socket)["READY"] == "1"
        with Plain(daemon, "ann") as ann:
            ann.ask(*(ann.letter("bob", number) for number in range(500)))
            first = next_status(notify_socket)
            assert first.startswith(f"serves {daemon.url}: 1 bot, ")
            assert "messages/s, commit p99 " in first
            assert ", 0 messages/s, " not in first
        assert ": 0 bots, 0 messages/s, " in next_status(notify_socket)


def next_ping(listening: socket.socket) -> None:
    while "WATCHDOG" not in told(listening):
        pass


def next_status(listening: socket.socket) -> str:
    """The next line with figures; before it the watchdog was pinged more than once."""
    pings = 0
    while "STATUS" not in (lines := told(listening)):
        pings += lines == {"WATCHDOG": "1"}
    assert pings > 1
    return lines["STATUS"]


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    env = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert Supervisor(env).watchdog_seconds is None
    assert Supervisor(env | {"WATCHDOG_PID": str(os.getpid())}).watchdog_seconds == 1.0
    assert Supervisor({"WATCHDOG_USEC": "soon"}).watchdog_seconds is None


def test_an_abstract_socket_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0botbus-test-{os.getpid()}")
        Supervisor({"NOTIFY_SOCKET": f"@botbus-test-{os.getpid()}"}).reloading()
        assert told(listening)["RELOADING"] == "1"


def test_a_supervisor_that_is_gone_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).status("fine")
    assert "could not be told" in caplog.text
