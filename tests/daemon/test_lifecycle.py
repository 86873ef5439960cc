"""How a daemon comes and goes: what it claims, what it refuses, what it leaves behind."""

import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
from pathlib import Path

import anyio
import pynng
import pytest

import botbus
from tests.daemon.conftest import Bots
from tests.daemon.plain import Plain, error_of, new_id
from tests.daemons import DaemonProcess

STOP_SECONDS = 5.0


def refused(daemon: DaemonProcess, code: int = 1) -> str:
    """What a daemon says that cannot start; one line and no traceback."""
    ended = subprocess.run(
        daemon.command(), capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == code, ended
    assert ended.stderr.startswith("botbus: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    return ended.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Elsewhere(DaemonProcess):
    """A daemon with its socket and database where a test wants them; its log stays in the folder."""

    def __init__(
        self, folder: Path, *, socket: Path | None = None, database: Path | None = None
    ) -> None:
        super().__init__(folder)
        self.socket = socket or self.socket
        self.url = f"ipc://{self.socket}"
        self.database = database or self.database


class Powerless(DaemonProcess):
    """A daemon for which the modes of files count, even if root runs the tests."""

    def command(self) -> list[str]:
        drop = ["--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
        return ["setpriv", *drop, *super().command()]


def test_it_makes_its_folders_for_itself_alone(folder: Path) -> None:
    place = Elsewhere(
        folder, socket=folder / "run" / "deep" / "bus.sock", database=folder / "state" / "bus.db"
    )
    with place as daemon:
        assert mode(daemon.socket) == 0o600
        assert mode(daemon.socket.parent) == 0o700
        assert mode(daemon.database.parent) == 0o700
        assert {mode(path) for path in daemon.database.parent.iterdir()} == {0o600}
        assert daemon.stop() == 0
    assert not daemon.socket.exists()


def test_a_second_daemon_on_the_socket_is_refused(daemon: DaemonProcess) -> None:
    second = Elsewhere(daemon.folder, database=daemon.folder / "other.db")
    said = refused(second)
    assert f"another daemon serves {daemon.url}" in said
    assert str(daemon.pid) in said
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 1


def test_a_second_daemon_on_the_database_is_refused(daemon: DaemonProcess) -> None:
    second = Elsewhere(daemon.folder, socket=daemon.folder / "other.sock")
    said = refused(second)
    assert f"{daemon.database} is in use by process {daemon.pid}" in said
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 1


def test_the_database_is_one_by_whatever_name(daemon: DaemonProcess) -> None:
    link = daemon.folder / "link.db"
    link.symlink_to(daemon.database)
    second = Elsewhere(daemon.folder, socket=daemon.folder / "other.sock", database=link)
    assert "is in use by process" in refused(second)


def test_the_socket_of_a_daemon_that_was_killed_is_replaced(daemon: DaemonProcess) -> None:
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 2


def test_a_socket_path_that_is_a_file_is_refused_and_left_alone(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.socket.write_text("precious")
    assert "is not a socket" in refused(daemon)
    assert daemon.socket.read_text() == "precious"


def test_a_socket_path_that_is_a_folder_is_refused(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.socket.mkdir()
    assert "is not a socket" in refused(daemon)


def test_a_socket_path_that_is_too_long_is_refused(folder: Path) -> None:
    daemon = Elsewhere(folder, socket=folder / ("x" * 108))
    assert "shorten it" in refused(daemon)


def test_a_socket_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    daemon = Elsewhere(folder, socket=folder / "open" / "bus.sock")
    daemon.socket.parent.mkdir()
    daemon.socket.parent.chmod(0o777)
    assert "chmod 700" in refused(daemon)


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes folders of others")
def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    """He could take our socket away and put one of his own there."""
    daemon = Elsewhere(folder, socket=folder / "his" / "bus.sock")
    daemon.socket.parent.mkdir(mode=0o755)
    os.chown(daemon.socket.parent, 4711, 4711)
    assert "belongs to user 4711" in refused(daemon)


def test_a_database_that_is_a_folder_is_refused(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.database.mkdir()
    assert str(daemon.database) in refused(daemon, code=2)


def test_a_database_in_a_folder_that_is_a_file_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    daemon = Elsewhere(folder, database=folder / "file" / "bus.db")
    assert "cannot be made" in refused(daemon)


def test_a_file_that_is_no_database_is_refused_and_left_alone(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.database.write_text("Dear diary,\n" * 500)
    assert "no SQLite database" in refused(daemon)
    assert daemon.database.read_text() == "Dear diary,\n" * 500


def test_a_corrupt_database_is_refused(daemon: DaemonProcess) -> None:
    with Plain(daemon, "writer") as client:
        for _ in range(50):
            client.send("reader", "x" * 1000)
    assert daemon.stop() == 0
    size = daemon.database.stat().st_size
    with daemon.database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size // 2))
    assert str(daemon.database) in refused(daemon)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root reads everything without setpriv")
def test_a_database_that_may_not_be_read_is_refused(folder: Path) -> None:
    daemon = Powerless(folder)
    daemon.database.touch(mode=0o000)
    assert str(daemon.database) in refused(daemon, code=2)


def left_behind(daemon: DaemonProcess) -> None:
    """What there may be after a clean stop: no socket, and everything in the database itself."""
    assert not daemon.socket.exists()
    wal = daemon.database.with_name(daemon.database.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
    alone = daemon.folder / "alone.db"
    alone.write_bytes(daemon.database.read_bytes())
    connection = sqlite3.connect(alone)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM bot_messages").fetchone()[0] > 0
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_on(number: signal.Signals, own: Bots) -> None:
    parker, watcher = own("parker"), own("watcher")
    committed = watcher.parked({"op": "tail", "after": 0, "wait": 60})
    asked = {"op": "ask", "id": new_id(), "to": "nobody", "body": "?", "timeout": 60}
    parked = [parker.parked(asked)]
    assert committed.reply()["ok"]["messages"]
    parked += [parker.parked({"op": op, "wait": 60}) for op in ("fetch", "peek", "tail")]
    parker.ok("hello")
    own.daemon.signal(number)
    for waiting in parked:
        assert error_of(waiting.reply())["code"] == "shutting_down"
    assert own.daemon.wait(STOP_SECONDS) == 0
    assert own.daemon.log() == ""
    left_behind(own.daemon)


def test_it_stops_cleanly_under_load(own: Bots) -> None:
    """What was acknowledged is there; what was not is refused or cut off, and nothing else."""
    acknowledged: set[str] = set()
    busy = threading.Event()

    def load(client: Plain) -> None:
        while True:
            ids = [new_id() for _ in range(20)]
            requests = [{"op": "send", "id": i, "to": "sink", "body": "x" * 200} for i in ids]
            try:
                replies = client.ask(*requests)
            except pynng.NNGException:
                return  # cut off
            if "error" in replies[0]:
                assert error_of(replies[0])["code"] == "shutting_down"
                return
            acknowledged.update(reply["ok"]["id"] for reply in replies)
            if len(acknowledged) > 500:
                busy.set()

    threads = [threading.Thread(target=load, args=[own("loader")]) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert busy.wait(20)
    own.daemon.signal(signal.SIGTERM)
    assert own.daemon.wait(STOP_SECONDS) == 0
    own.close()
    for thread in threads:
        thread.join()
    assert own.daemon.log() == ""
    left_behind(own.daemon)
    connection = sqlite3.connect(own.daemon.database)
    try:
        stored = {row[0] for row in connection.execute("SELECT id FROM bot_messages")}
    finally:
        connection.close()
    assert acknowledged <= stored


def test_a_client_that_does_not_read_does_not_hold_up_the_stop(own: Bots) -> None:
    """Answers pile up at a peer that never takes them off the socket."""
    sender = own("sender")
    for _ in range(8):
        sender.send("deaf", "x" * 200_000)
    frame = sender.frame({"op": "peek", "max": 100}, bot="deaf")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(own.daemon.socket))
        deaf.sendall(b"\0SP\0\0\x30\0\0")  # says that it is a REQ
        for number in range(20):
            message = (0x80000000 + number).to_bytes(4, "big") + frame
            deaf.sendall(b"\x01" + len(message).to_bytes(8, "big") + message)
        sender.send("somebody", "still served")
        own.daemon.signal(signal.SIGTERM)
        assert own.daemon.wait(STOP_SECONDS) == 0
    left_behind(own.daemon)


def test_leases_outlive_an_orderly_stop_until_somebody_is_handed_them(own: Bots) -> None:
    worker = own("worker")
    own("sender").send(str(worker.bot), "work")
    (delivery,) = worker.fetch()
    assert own.daemon.stop() == 0
    own.daemon.start()
    assert worker.settle("ack", delivery) == {"kind": "done"}
    assert worker.fetch(wait=0) == []


async def test_a_parked_fetch_of_the_client_outlives_a_restart(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("coder", url=daemon.url) as coder,
        botbus.connect("planner", url=daemon.url) as planner,
        anyio.create_task_group() as tasks,
    ):
        bodies: list[object] = []

        async def fetch() -> None:
            for delivery in await coder.fetch(wait=30):
                bodies.append(delivery.message.body)
                await delivery.ack()

        tasks.start_soon(fetch)
        await planner.hello()
        daemon.stop()
        daemon.start()
        await planner.send("coder", "after the stop")
    assert bodies == ["after the stop"]


async def test_a_client_outlives_a_crash(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        first = await bus.send("coder", 1)
        daemon.kill()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.send, "coder", 2)
            daemon.start()
        third = await bus.send("coder", 3)
    assert third.seq == first.seq + 2
