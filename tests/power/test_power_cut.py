"""Acknowledged means on the disk: power cuts at many points of a recorded run.

A daemon serves with every write and sync of its database recorded; clients that send, read and work
on runs note for each acknowledgement how long the record was when they had it. Then the files are
rebuilt as a cut would leave them, at many points, and each rebuilt database must open clean and hold
all that was acknowledged before, and of no step a half. With `synchronous=OFF` the same test must find
a loss: it is able to.
"""

import contextlib
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.daemons import DaemonProcess
from tests.power import recording
from tests.power.disk import Disk

CLIENT = """
import os, sys
import anyio
import botbus

url, log, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def publisher(bus, number):
    for _ in range(count):
        receipt = await bus.send(f"reader{number % 4}", {"from": number, "pad": "x" * 150})
        print("sent", os.stat(log).st_size, receipt.id, flush=True)

async def reader(bus, number):
    while deliveries := await bus.fetch(max=16, wait=0.5):
        for delivery in deliveries:
            await delivery.ack()
            print("acked", os.stat(log).st_size, delivery.message.id, flush=True)

async def worker(bus, number):
    await bus.workflows.save({"name": "flow"}, "global")
    run = await bus.runs.create("flow", {"from": number})
    lease = (await bus.runs.claim(run.id)).lease
    for step in range(count):
        begun = await bus.steps.begin(run.id, str(step), lease, input={"pad": "x" * 150})
        print("begun", os.stat(log).st_size, f"{run.id}/{step}", flush=True)
        changes = {str(step): number, "last": step}
        await bus.steps.complete(run.id, str(step), lease, {"pad": "x" * 150}, context=changes)
        print("stepped", os.stat(log).st_size, f"{run.id}/{step}", flush=True)

async def as_reader(number):
    async with botbus.connect(f"reader{number}", url=url) as bus:
        await reader(bus, number)

async def main():
    async with botbus.connect("sender", url=url) as bus, anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(publisher, bus, number)
        for number in range(2):
            group.start_soon(as_reader, number)
            group.start_soon(worker, bus, number)

anyio.run(main)
"""

WITHOUT_SYNC = """
import sys
from botbus_storage import connection
connection.WRITER_PRAGMAS = tuple(
    pragma.replace("FULL", "OFF") for pragma in connection.WRITER_PRAGMAS
) + ("PRAGMA wal_autocheckpoint = 100",)
from botbus_cli.main import main
main(sys.argv[1:])
"""


KEPT = {
    "sent": "SELECT id FROM bot_messages",
    "acked": """
        SELECT m.id FROM bot_messages m JOIN bot_deliveries d ON d.seq = m.seq
        WHERE d.state = 'acked'
    """,
    "begun": "SELECT run_id || '/' || step_id FROM workflow_steps",
    "stepped": "SELECT run_id || '/' || step_id FROM workflow_steps WHERE status = 'completed'",
    "changed": "SELECT run_id || '/' || key FROM workflow_context WHERE key <> 'last'",
}
"""What a database holds of that which clients were told."""


class RecordedDaemon(DaemonProcess):
    """A daemon under the shim."""

    def __init__(self, folder: Path, *, synced: bool) -> None:
        super().__init__(folder)
        self.log_file = folder / "calls.log"
        self.library = recording.build(folder)
        self.synced = synced

    def command(self) -> list[str]:
        command = super().command()
        return command if self.synced else [sys.executable, "-c", WITHOUT_SYNC, *command[3:]]

    def environment(self) -> dict[str, str]:
        recorded = recording.environment(self.library, self.log_file, self.database)
        return super().environment() | recorded


class Acknowledged(NamedTuple):
    what: str
    at: int
    """Bytes of the record when the client had it."""
    message: str


class Run(NamedTuple):
    records: list[recording.Record]
    began: int
    """Bytes of the record when the first client came."""
    acknowledged: list[Acknowledged]
    database: str


def recorded_run(folder: Path, *, synced: bool, count: int) -> Run:
    """A run of publishers and readers, ended by SIGKILL so that nothing is tidied up."""
    with RecordedDaemon(folder, synced=synced) as daemon:
        began = daemon.log_file.stat().st_size
        client = subprocess.run(
            [sys.executable, "-c", CLIENT, daemon.url, str(daemon.log_file), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        daemon.kill()
    words = (line.split() for line in client.stdout.splitlines())
    acknowledged = [Acknowledged(what, int(at), message) for what, at, message in words]
    return Run(recording.read(daemon.log_file), began, acknowledged, daemon.database.name)


def losses(run: Run, folder: Path, cuts: int, chance: random.Random) -> list[str]:
    """What is wrong with the databases that so many cuts leave; nothing, if all is well."""
    ends = [record.end for record in run.records if record.end > run.began]
    found: list[str] = []
    disk, played = Disk(), 0
    for number, end in enumerate(sorted(chance.sample(ends, cuts))):
        upto = next(i for i, record in enumerate(run.records) if record.end == end) + 1
        disk.play(run.records[played:upto])
        played = upto
        place = folder / f"cut{number}"
        place.mkdir()
        disk.write(place, chance if number % 2 else None)
        promised = [one for one in run.acknowledged if one.at <= end]
        found += [f"cut {number} at {end}: {fault}" for fault in faults(place, run, promised)]
    return found


def faults(place: Path, run: Run, promised: list[Acknowledged]) -> list[str]:
    try:
        with contextlib.closing(sqlite3.connect(place / run.database)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            kept = {what: set(connection.execute(query)) for what, query in KEPT.items()}
    except sqlite3.DatabaseError as error:
        return [str(error)]
    lost = [one for one in promised if (one.message,) not in kept[one.what]]
    halves = kept["stepped"] ^ kept["changed"]
    return [
        *([] if state == "ok" else [state]),
        *(f"{one} is lost" for one in lost[:1]),
        *(
            f"{one} was finished without its change of the context, or the other way"
            for one in halves
        ),
    ]


needs_compiler = pytest.mark.skipif(recording.compiler() is None, reason="there is no C compiler")


@needs_compiler
def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    run = recorded_run(tmp_path, synced=True, count=12)
    told = Counter(one.what for one in run.acknowledged)
    assert told["sent"] == 8 * 12
    assert told["begun"] == told["stepped"] == 2 * 12
    assert losses(run, tmp_path, 24, random.Random(1)) == []


@needs_compiler
@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_hundred_and_forty_power_cuts(tmp_path: Path) -> None:
    run = recorded_run(tmp_path, synced=True, count=120)
    assert {one.what for one in run.acknowledged} == {"sent", "acked", "begun", "stepped"}
    assert losses(run, tmp_path, 240, random.Random(2)) == []


@needs_compiler
def test_without_sync_the_same_test_finds_a_loss(tmp_path: Path) -> None:
    run = recorded_run(tmp_path, synced=False, count=12)
    assert losses(run, tmp_path, 24, random.Random(1)) != []
