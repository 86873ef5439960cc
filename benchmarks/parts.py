"""`python -m benchmarks.parts`: what a message costs the daemon, part by part, without sockets.

One thread of one process has frames of sends answered by the daemon's own dispatcher, over a real
database; then each part is done again by itself. What is left is planning and receipts. Medians, in
microseconds a message. The client, the sockets and the waking of processes are not in it.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from msgspec import Raw
from rich.console import Console
from rich.table import Table

from benchmarks.bodies import body, now
from benchmarks.database import make_database
from botbus_daemon.dispatch import Dispatcher
from botbus_daemon.monitoring.health import Health
from botbus_daemon.presence import Connection, Peer
from botbus_daemon.serve import SWITCH_INTERVAL, open_broker
from botbus_daemon.settings import Settings
from botbus_protocol.bulk_mail import decode_letters
from botbus_protocol.codec import encode, encode_frame, encode_replies
from botbus_protocol.grammar import new_id
from botbus_protocol.limits import Limits
from botbus_protocol.replies import Receipt
from botbus_protocol.requests import Send
from botbus_storage.connection import open_writer
from botbus_storage.engine import Group, SqliteEngine
from botbus_storage.operations import SaveMessages
from botbus_storage.store import open_store

SIZES = (32, 64, 512)
"""Messages in a frame, and so in a commit."""
ROUNDS = 300
Costs = dict[str, float]
"""Microseconds a message, by part."""


class Laps:
    """Times of one part."""

    def __init__(self) -> None:
        self.found: list[int] = []

    @contextmanager
    def lap(self) -> Iterator[None]:
        begun = now()
        yield
        self.found.append(now() - begun)

    def each(self, size: int) -> float:
        return median(self.found) / 1000 / size


def frames(size: int) -> list[bytes]:
    return [encode_frame("sender", [_send() for _ in range(size)]) for _ in range(ROUNDS)]


def _send() -> Send:
    return Send(id=new_id(), to="absent", body=Raw(encode(body())))


async def answering(folder: Path, size: int) -> float:
    """From the bytes of a frame to the bytes of its answer."""
    settings = Settings(url="ipc:///nowhere", database=folder / "answering.db")
    make_database(settings.database)
    laps, answered = Laps(), asyncio.Event()

    def reply(_: bytes) -> None:
        answered.set()

    async with (
        open_store(settings.database) as store,
        open_broker(settings, store, Health()) as broker,
    ):
        dispatcher, connection = Dispatcher(broker), Connection(1, Peer(uid=0, gid=0, pid=1))
        broker.connected(connection)
        for data in frames(size):
            with laps.lap():
                dispatcher.answer(data, connection, reply)
                await answered.wait()
            answered.clear()
    return laps.each(size)


async def engine(folder: Path, size: int) -> Costs:
    """The rows, and the commit that puts them on the disk."""
    database = folder / "engine.db"
    make_database(database)
    writer = await open_writer(database)
    try:
        return await writer.run(lambda connection: _execute(SqliteEngine(connection), size))
    finally:
        await writer.close()


def _execute(engine: SqliteEngine, size: int) -> Costs:
    whole, commit = Laps(), Laps()

    def note(statement: str) -> None:
        if statement == "COMMIT":
            commit.found.append(now())

    for _ in range(ROUNDS):
        group = Group([_operation(size)])
        with whole.lap():
            engine.execute([group])
    engine.connection.set_trace_callback(note)
    for _ in range(ROUNDS):
        engine.execute([Group([_operation(size)])])
        commit.found[-1] = now() - commit.found[-1]
    committing = commit.each(size)
    return {"insert the rows": whole.each(size) - committing, "COMMIT": committing}


def _operation(size: int) -> SaveMessages:
    return SaveMessages(
        sender_id="01a1fe44-af61-768e-bb7f-6fd468ada19f",
        sender_name="sender",
        sender_uid=0,
        sender_pid=1,
        published=False,
        ids=[new_id() for _ in range(size)],
        recipients=["absent"] * size,
        types=["message"] * size,
        bodies=['"' + "x" * 198 + '"'] * size,
    )


def codec(size: int) -> Costs:
    limits, decoding, encoding = Limits(), Laps(), Laps()
    receipt = Receipt(id=new_id(), seq=1, timestamp="2026-01-01T00:00:00.000000Z", known=True)
    for data in frames(size):
        with decoding.lap():
            letters = decode_letters(data, limits)
        assert letters is not None  # as the daemon decodes them
        with encoding.lap():
            encode_replies([receipt] * size)
    return {"decode the frame": decoding.each(size), "encode the answer": encoding.each(size)}


async def costs(folder: Path, size: int) -> Costs:
    parts = codec(size) | await engine(folder, size)
    whole = await answering(folder, size)
    return {**parts, "plan, and make receipts": whole - sum(parts.values()), "all of it": whole}


def table(found: Sequence[tuple[int, Costs]]) -> Table:
    shown = Table(title="Daemon: µs a message")
    shown.add_column("messages in a frame")
    for size, _ in found:
        shown.add_column(str(size), justify="right")
    for part in found[0][1]:
        shown.add_row(part, *(f"{costs[part]:.2f}" for _, costs in found))
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    given = parser.parse_args().folder
    sys.setswitchinterval(SWITCH_INTERVAL)  # as the daemon does
    found = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=given) as folder:
            found.append((size, asyncio.run(costs(Path(folder), size))))
    Console().print(table(found))


if __name__ == "__main__":
    main()
