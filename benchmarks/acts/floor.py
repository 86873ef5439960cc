"""The floor: what SQLite and NNG do on this machine when there is no bus around them.

SQLite gets a database as the daemon makes it, the writer's own connection, and rows that were made
beforehand; one thread of one process inserts them and does nothing else. Of Python's executemany and
one statement for many rows the better counts; both bind every value of every row, whatever the rows
are. What can be gained where rows share most of their values is measured beside it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pynng

from benchmarks.bodies import BYTES, TEXT, now
from benchmarks.database import make_database
from benchmarks.figures import Measured, latencies, rate
from benchmarks.players import Ready
from benchmarks.runs import runs_of, write_runs
from benchmarks.steps import OUTPUT, STEPS
from botbus_protocol.grammar import new_id
from botbus_protocol.timestamps import from_epoch
from botbus_storage.connection import open_writer
from botbus_storage.writing.rows import RowWriter

MESSAGE = """INSERT INTO bot_messages (
    seq, id, sender_bot_id, sender_bot_name, recipient_type, {recipient}, message_type, body,
    timestamp, sender_uid, sender_pid)"""
RECIPIENT = {"direct": "recipient_bot_id", "channel": "recipient_channel"}
"""Where the recipient of a message stands, which decides in which indexes it is."""
ALIKE = """INSERT INTO bot_messages (
    sender_bot_id, sender_bot_name, recipient_type, {recipient}, message_type, timestamp, sender_uid,
    sender_pid, seq, id, body)"""
"""The same, beginning with what the messages of one sender to one recipient share in a commit."""
SHARED = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
STEP = """INSERT INTO workflow_steps (
    seq, id, run_id, step_id, step_name, status, output, lease, started_at, completed_at)"""

Row = tuple[int | str, ...]
B = TypeVar("B")
Write = Callable[[sqlite3.Connection, list[Row]], object]


async def messages(ready: Ready, folder: str, kind: str, batch: int, rows: int) -> Measured:
    """Inserts messages of a kind, so many in a commit; `rate` in rows, `p50` of a commit.

    `shared.rate` is that of messages of one sender to one recipient, if what they share is bound once.
    """
    ready()
    recipient, batches = RECIPIENT[kind], _batches(_messages(kind, rows), batch)
    found: list[Measured] = []
    for name, write in _manners(MESSAGE.format(recipient=recipient), 11).items():
        found.append(await _insert(_made(folder, name), write, batches, batch))
    parted = list(map(_parted, batches))
    shared = await _insert(_made(folder, "parted"), _sharing(recipient), parted, batch)
    best = max(found, key=lambda measured: measured["rate"])
    return best | {"shared.rate": shared["rate"]}


async def steps(ready: Ready, folder: str, batch: int, rows: int) -> Measured:
    """Inserts finished steps of ten-step runs in the same way: no workflow is quicker than this."""
    ready()
    found: list[Measured] = []
    for name, write in _manners(STEP, 10).items():
        database = Path(folder) / f"steps-{name}.db"
        runs = write_runs(database, runs_of(rows))
        found.append(await _insert(database, write, _batches(_steps(runs), batch), batch))
    return max(found, key=lambda measured: measured["rate"])


def _manners(insert: str, columns: int) -> dict[str, Write]:
    """The ways to insert rows that are tried."""
    one_row = f"{insert} VALUES ({', '.join('?' * columns)})"
    return {
        "executemany": lambda connection, rows: connection.executemany(one_row, rows),
        "many_rows": RowWriter(insert, ", ".join("?" * columns), "").write,
    }


def _sharing(recipient: str) -> Callable[[sqlite3.Connection, tuple[list[Row], Row]], object]:
    """As the daemon writes plain messages that are alike: what they share is bound once."""
    alike = RowWriter(ALIKE.format(recipient=recipient), SHARED + "?, ?, ?", "")
    return lambda connection, parts: alike.write(connection, *parts)


def _parted(rows: list[Row]) -> tuple[list[Row], Row]:
    """Of the messages of a commit what differs, and what they share; they get the time of the first."""
    (_, _, *sender_to_type, _, time, uid, pid) = rows[0]
    return [(row[0], row[1], row[7]) for row in rows], (*sender_to_type, time, uid, pid)


def _made(folder: str, name: str) -> Path:
    database = Path(folder) / f"messages-{name}.db"
    make_database(database)
    return database


async def _insert(
    database: Path, write: Callable[[sqlite3.Connection, B], object], batches: list[B], size: int
) -> Measured:
    """`size` is that of each batch, in rows."""

    def commit_all(connection: sqlite3.Connection) -> list[int]:
        took: list[int] = []
        for rows in batches:
            begun = now()
            connection.execute("BEGIN IMMEDIATE")
            write(connection, rows)
            connection.execute("COMMIT")
            took.append(now() - begun)
        return took

    writer = await open_writer(database)
    try:
        took = await writer.run(commit_all)
    finally:
        await writer.close()
    return rate(size * len(batches), sum(took)) | latencies(took)


def _batches(rows: Iterable[Row], batch: int) -> list[list[Row]]:
    """The rows in batches that are all full."""
    return [list(full) for full in zip(*[iter(rows)] * batch, strict=False)]


def _messages(kind: str, count: int) -> Iterator[Row]:
    sender, recipient = new_id(), new_id() if kind == "direct" else "builds"
    for seq in range(1, count + 1):
        ids = (seq, new_id(), sender, "sender", kind, recipient)
        yield (*ids, "message", TEXT, from_epoch(1_750_000_000 + seq / 1e6), 0, 1)


def _steps(runs: list[str]) -> Iterator[Row]:
    for number in range(len(runs) * STEPS):
        run, name = runs[number // STEPS], f"step-{number % STEPS}"
        time = from_epoch(1_750_000_000 + number / 1e3)
        yield (number + 1, new_id(), run, name, name, "completed", OUTPUT, f"1-{run}", time, time)


async def nng_echo(ready: Ready, url: str, count: int) -> Measured:
    """Answers so many frames with themselves, in the plainest way."""
    with pynng.Rep0(listen=url, recv_timeout=30_000) as socket:
        ready()
        for _ in range(count):
            socket.send(socket.recv())
        await asyncio.sleep(0.1)  # the last answer leaves before the socket closes
    return {}


async def nng_call(ready: Ready, url: str, count: int) -> Measured:
    """Latencies of so many round trips of a frame of a message's size."""
    ready()
    frame = b"x" * BYTES
    took: list[int] = []
    with pynng.Req0(dial=url, recv_timeout=30_000) as socket:
        for _ in range(count):
            begun = now()
            socket.send(frame)
            socket.recv()
            took.append(now() - begun)
    return latencies(took)
