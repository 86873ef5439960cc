"""A disk that fails: what could not be written is refused, and what was acknowledged stays.

After a sync has failed, Linux forgets that the data was to be written: it is still read back, and the
next sync succeeds without it (what is known as fsyncgate). So the power cuts here take away whatever a
failed sync was to keep, however many succeeded afterwards.
"""

import contextlib
import errno
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pynng
import pytest

from botbus_storage.store import open_store
from tests.baddays.faults import FaultyDaemon, needs_compiler
from tests.baddays.starting import refused
from tests.daemon.plain import Plain, error_of, new_id
from tests.daemons import DaemonProcess
from tests.power import recording
from tests.power.disk import Disk
from tests.waiting import eventually

pytestmark = needs_compiler


def stored(database: Path) -> set[str]:
    """Ids of the messages in a database that nobody has open; it must be sound."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {id_ for (id_,) in connection.execute("SELECT id FROM bot_messages")}


class Load(threading.Thread):
    """A bot that writes as fast as it can until it is cut off, and counts what it was promised."""

    def __init__(self, daemon: FaultyDaemon) -> None:
        super().__init__()
        self._client = Plain(daemon, "loader")
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self.start()

    def run(self) -> None:
        with self._client as client, contextlib.suppress(pynng.NNGException):
            while True:
                letters = [client.letter("sink", "x" * 100) for _ in range(10)]
                for letter, reply in zip(letters, client.ask(*letters), strict=True):
                    if "ok" in reply:
                        self.acknowledged.add(letter["id"])
                    else:
                        assert error_of(reply)["code"] == "storage_failed"
                        self.refused.add(letter["id"])


def promised(loads: list[Load]) -> int:
    return sum(len(load.acknowledged) for load in loads)


@pytest.mark.parametrize("call", ["sync", "write"])
def test_what_was_acknowledged_is_there_and_the_daemon_goes_on(
    faulty: FaultyDaemon, call: str
) -> None:
    loads = [Load(faulty) for _ in range(3)]
    for kill in (False, False, True):
        before = promised(loads)
        eventually(lambda: promised(loads) > before + 200)  # noqa: B023 - it is awaited here
        with faulty.failing(**{call: errno.EIO}):
            failed = faulty.failed
            eventually(lambda: faulty.failed > failed + 5)  # noqa: B023
            if kill:
                faulty.kill()
    for load in loads:
        load.join()
    acknowledged = set().union(*(load.acknowledged for load in loads))
    refused = set().union(*(load.refused for load in loads))
    there = stored(faulty.database)
    assert acknowledged <= there
    # The last thing that was to be synced may be found by a restart: that is what its refusal says.
    assert len(there & refused) <= 30
    if call == "write":
        assert not there & refused
    assert faulty.log().count("storage_failed") == 3
    assert faulty.log().count("written again") == 2


def test_what_was_refused_is_not_handed_out(faulty: FaultyDaemon) -> None:
    with Plain(faulty, "writer") as writer, Plain(faulty, "reader") as reader:
        reader.ok("hello")
        waiting = reader.parked({"op": "fetch", "wait": 20})
        with faulty.failing(sync=errno.EIO):
            (reply,) = writer.ask(writer.letter("reader", "refused"))
            assert error_of(reply)["code"] == "storage_failed"
            assert "same id" in error_of(reply)["message"]
        receipt = writer.send("reader", "taken")
        (delivery,) = waiting.reply()["ok"]["deliveries"]
        assert delivery["message"]["body"] == "taken"
        assert delivery["message"]["seq"] == receipt["seq"]
        (message,) = writer.ok("history", between=["writer", "reader"])["messages"]
        assert message["id"] == receipt["id"]


class OnDisk(FaultyDaemon):
    """What it writes is recorded, too; so what a cut of the power would leave can be told."""

    def __init__(self, folder: Path, library: Path) -> None:
        super().__init__(folder, library)
        self.record = folder / "calls.log"
        self.recorder = recording.build(folder)
        self._forgotten: list[tuple[int, int]] = []

    def environment(self) -> dict[str, str]:
        recorded = recording.environment(self.recorder, self.record, self.database)
        both = f"{self._library} {self.recorder}"
        return recorded | super().environment() | {"LD_PRELOAD": both}

    @contextlib.contextmanager
    def forgetting(self) -> Iterator[None]:
        """Syncs fail; what is written now never reaches the disk."""
        before = self.record.stat().st_size
        with self.failing(sync=errno.EIO):
            yield
        self._forgotten.append((before, self.record.stat().st_size))

    def after_power_cut(self, place: Path) -> Path:
        """The database as it is found after the power was cut."""
        place.mkdir()
        disk = Disk()
        disk.play(
            record
            for record in recording.read(self.record)
            if record.op != "W" or not any(a < record.end <= b for a, b in self._forgotten)
        )
        disk.write(place)
        return place / self.database.name


def test_a_later_sync_does_not_count_for_what_an_earlier_one_lost(folder: Path, shim: Path) -> None:
    with OnDisk(folder, shim) as daemon, Plain(daemon, "writer") as writer:
        kept = [writer.send("reader", n)["id"] for n in range(3)]
        with daemon.forgetting():
            (reply,) = writer.ask(writer.letter("reader", "x" * 50_000))
            assert error_of(reply)["code"] == "storage_failed"
        kept += [writer.send("reader", "y" * size)["id"] for size in (1, 20_000, 1)]
        daemon.kill()
        assert set(kept) <= stored(daemon.after_power_cut(folder / "cut"))


def test_what_a_restart_finds_in_memory_only_is_written_before_it_counts(
    folder: Path, shim: Path
) -> None:
    """The message whose sync failed is found again by the next start, and promised to its sender."""
    with OnDisk(folder, shim) as daemon, Plain(daemon, "writer") as writer:
        kept = [writer.send("reader", n)["id"] for n in range(3)]
        letter = {"id": new_id(), "to": "reader", "body": "x" * 50_000}
        with daemon.forgetting():
            (reply,) = writer.ask({"op": "send", **letter})
            assert error_of(reply)["code"] == "storage_failed"
            daemon.kill()
        daemon.start()
        again = writer.ok("send", **letter)
        assert again["duplicate"], "this test is about what the start has found"
        kept += [letter["id"], writer.send("reader", "later")["id"]]
        daemon.kill()
        assert set(kept) <= stored(daemon.after_power_cut(folder / "cut"))


async def test_a_store_begins_with_an_empty_wal(folder: Path, daemon: DaemonProcess) -> None:
    """However it was opened before: what a dead process left has been moved and synced."""
    with Plain(daemon, "writer") as writer:
        writer.send("reader", 1)
        daemon.kill()
    wal = folder / "bus.db-wal"
    assert wal.stat().st_size > 0
    async with open_store(daemon.database):
        assert wal.stat().st_size == 0


def test_a_daemon_that_cannot_keep_what_it_found_does_not_start(folder: Path, shim: Path) -> None:
    with FaultyDaemon(folder, shim) as daemon, Plain(daemon, "writer") as writer:
        writer.send("reader", 1)
        daemon.kill()
        with daemon.failing(sync=errno.EIO):
            said = refused(daemon)
        assert "disk I/O error" in said
        assert "dmesg" in said
        daemon.start()
        assert writer.ok("hello")


def test_a_stop_while_the_disk_fails_says_so_and_ends(faulty: FaultyDaemon) -> None:
    with Plain(faulty, "writer") as writer:
        sent = writer.send("reader", 1)["id"]
        with faulty.failing(sync=errno.EIO):
            writer.ask(writer.letter("reader", "refused"))
            assert faulty.stop() == 1
        assert "disk I/O error" in faulty.log().splitlines()[-1]
        assert "Traceback" not in faulty.log()
        assert sent in stored(faulty.database)
