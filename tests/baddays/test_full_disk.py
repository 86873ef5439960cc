"""A disk that is full: nobody writes, everybody reads, and it goes on when there is space again."""

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.baddays.faults import FaultyDaemon, needs_compiler
from tests.daemon.notifying import notified
from tests.daemon.plain import Plain, error_of
from tests.daemons import DaemonProcess
from tests.waiting import eventually

MIB = 1024 * 1024


class OnSmallDisk(DaemonProcess):
    """A daemon whose database lies on a file system of its own, of 8 MiB, which nobody else sees."""

    UNSHARE = ("unshare", "--mount") if os.getuid() == 0 else ("unshare", "--mount", "-r")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.database = self.disk / "bus.db"

    def command(self) -> list[str]:
        mount = f"mount -t tmpfs -o size=8m,mode=700 none {self.disk}"
        return [*self.UNSHARE, "sh", "-c", f'{mount} && exec "$@"', "sh", *super().command()]

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Somebody else takes all that is left of the disk."""
        ballast = Path(f"/proc/{self.pid}/root{self.disk}/ballast")
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            ballast.unlink()


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    mount = [*OnSmallDisk.UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.fixture(
    params=[
        pytest.param("shim", marks=needs_compiler),
        pytest.param(
            "tmpfs", marks=pytest.mark.skipif(not can_mount(), reason="nothing can be mounted")
        ),
    ]
)
def limited(request: pytest.FixtureRequest, folder: Path) -> Iterator[FaultyDaemon | OnSmallDisk]:
    """A daemon that can be made to find its disk full."""
    if request.param == "shim":
        yield request.getfixturevalue("faulty")
    else:
        with OnSmallDisk(folder) as daemon:
            yield daemon


def test_readers_go_on_and_so_do_writers_when_there_is_space(
    limited: FaultyDaemon | OnSmallDisk,
) -> None:
    with Plain(limited, "writer") as writer, Plain(limited, "reader") as reader:
        stored = [writer.send("reader", "x" * 1000)["seq"] for _ in range(30)]
        with limited.full():
            refused(writer)
            assert seqs(reader.fetch(max=10)) == stored[:10]
            with Plain(limited, "reader") as again:
                assert seqs(again.fetch(max=10)) == stored[10:20]
            found = writer.ok("history", between=["reader", "writer"], limit=100)["messages"]
            assert sorted(message["seq"] for message in found) == stored
            refused(writer)
            assert reader.fetch(wait=0.1, max=10)
        (later,) = (writer.send("reader", "there is space")["seq"],)
        assert later > stored[-1]
        (delivery,) = [d for d in everything(reader) if d["message"]["seq"] == later]
        assert reader.settle("ack", delivery) == {"kind": "done"}
    assert limited.stop() == 0
    first, *others = limited.log().splitlines()
    assert "storage_full: the disk is full" in first
    assert "written again" in others[-1]


def test_who_was_never_here_is_told_that_the_disk_is_full(
    limited: FaultyDaemon | OnSmallDisk,
) -> None:
    with Plain(limited, "newcomer") as newcomer:
        with limited.full():
            assert newcomer.error("fetch", wait=0)["code"] == "storage_full"
        assert newcomer.fetch(wait=0) == []


def refused(writer: Plain) -> None:
    """Nothing is taken; large enough not to fit into what a file has left over."""
    replies = writer.ask(*(writer.letter("reader", "x" * 100_000) for _ in range(8)))
    assert {reply["error"]["code"] for reply in replies} == {"storage_full"}


def seqs(deliveries: list[dict[str, dict[str, int]]]) -> list[int]:
    return [delivery["message"]["seq"] for delivery in deliveries]


def everything(reader: Plain) -> list[dict[str, dict[str, int]]]:
    found: list[dict[str, dict[str, int]]] = []
    while more := reader.fetch(wait=0.2):
        found += more
    return found


@needs_compiler
def test_the_watchdog_does_not_end_a_daemon_that_still_answers_who_reads(
    folder: Path, shim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with notified(folder) as supervisor:
        monkeypatch.setenv("NOTIFY_SOCKET", supervisor.getsockname())
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        with FaultyDaemon(folder, shim) as daemon, Plain(daemon, "writer") as writer:
            with daemon.full():
                refused(writer)
                eventually(lambda: b"unwell: the disk is full" in supervisor.recv(4096))
                eventually(lambda: b"WATCHDOG=1" in supervisor.recv(4096))
            with daemon.failing(sync=errno.EIO):
                (reply,) = writer.ask(writer.letter("reader"))
                assert error_of(reply)["code"] == "storage_failed"
                eventually(lambda: b"unwell: the disk failed" in supervisor.recv(4096))
                assert not any(b"WATCHDOG" in supervisor.recv(4096) for _ in range(3))
