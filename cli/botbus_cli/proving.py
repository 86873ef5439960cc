"""`doctor --prove`: what this disk does with a sync, and what a daemon killed in its work has lost.

Everything happens in a scratch folder on the disk in question and is removed. The drill is bounded: a
few kills, a second or two of work before each.
"""

import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from botbus_cli.connecting import run
from botbus_cli.ending import Failed
from botbus_cli.own_daemon import served, started

SYNCS = 200
KILLS = 5
WORK_SECONDS = (0.2, 0.8)
SENDERS = 16
FASTEST_HONEST_MS = 0.01
"""Milliseconds; whatever syncs faster than that most likely does not sync at all."""

Level = Literal["ok", "warning", "wrong"]


def prove_here(place: Path) -> Iterator[tuple[Level, str]]:
    try:
        with tempfile.TemporaryDirectory(prefix="botbus-proof-", dir=place) as folder:
            yield _syncs(Path(folder))
            yield _drill(Path(folder))
    except Failed as error:
        yield "wrong", f"nothing could be proved in {place}: {error.message}"
    except OSError as error:
        yield "wrong", f"nothing could be proved in {place}: {error.strerror}"


def _syncs(folder: Path) -> tuple[Level, str]:
    """What it costs to append 4 KiB and sync."""
    took: list[float] = []
    descriptor = os.open(folder / "syncs", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(SYNCS):
            os.write(descriptor, b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
    middle, high = statistics.median(took), statistics.quantiles(took, n=100)[98]
    text = f"a synced write of 4 KiB takes {middle:.2f} ms, p99 {high:.2f} ms"
    if middle < FASTEST_HONEST_MS:
        return "warning", f"{text}: too fast for a disk; memory, or a cache that survives nothing?"
    return "ok", text


def _drill(folder: Path) -> tuple[Level, str]:
    """Daemons killed while they acknowledge, and each acknowledgement looked up afterwards."""
    chance = random.Random()  # noqa: S311 - when to kill, not a secret
    acknowledged: list[str] = []
    with tempfile.TemporaryDirectory(prefix="botbus-proof-") as sockets:
        url = f"ipc://{sockets}/bus.sock"
        for _ in range(KILLS):
            process = started(url, folder / "bus.db")
            run(partial(_work, url, process, chance.uniform(*WORK_SECONDS), acknowledged))
        lost = _missing(url, folder / "bus.db", acknowledged)
    text = f"{len(acknowledged)} messages acknowledged, a daemon killed {KILLS} times, {lost} lost"
    return ("wrong" if lost else "ok"), text


async def _work(
    url: str, process: "subprocess.Popen[bytes]", seconds: float, acknowledged: list[str]
) -> None:
    import anyio

    import botbus

    async def send(bus: botbus.Bus) -> None:
        while True:
            acknowledged.append((await bus.send("proof", {"padding": "x" * 150})).id)

    async with botbus.connect("prover", url=url) as bus, anyio.create_task_group() as group:
        for _ in range(SENDERS):
            group.start_soon(send, bus)
        await anyio.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        await anyio.to_thread.run_sync(process.communicate)
        group.cancel_scope.cancel()


def _missing(url: str, database: Path, acknowledged: list[str]) -> int:
    """How many of the messages a new daemon does not know."""
    there: set[str] = set()

    async def read() -> None:
        import botbus

        async with botbus.connect("prover", url=url) as bus:
            every = await bus.history(between=("prover", "proof"), limit=10**9)
            there.update(message.id for message in every)

    with served(url, database):
        run(read)
    return len(set(acknowledged) - there)
