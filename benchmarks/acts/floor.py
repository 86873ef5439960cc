"""The floor: what SQLite and NNG do on this machine when there is no bus around them.

SQLite gets the shipped migrations, the writer's own connection, and rows that were made beforehand;
one thread of one process inserts them and does nothing else. Of Python's executemany and the
project's many-row statement the better counts.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pynng

import botbus_migrations
from benchmarks.bodies import BYTES, TEXT, now
from benchmarks.figures import Measured, latencies, rate
from benchmarks.players import Ready
from botbus_protocol.grammar import new_id
from botbus_protocol.timestamps import from_epoch
from botbus_storage.connection import open_writer
from botbus_storage.migrator import Migrator
from botbus_storage.writing.rows import RowWriter

INSERT = """INSERT INTO bot_messages (
    seq, id, sender_bot_id, sender_bot_name, recipient_type, recipient_bot_id, message_type, body,
    timestamp, sender_uid, sender_pid)"""
COLUMNS = 11
ONE_ROW = f"{INSERT} VALUES ({', '.join('?' * COLUMNS)})"

Row = tuple[int | str, ...]
Write = Callable[[sqlite3.Connection, list[Row]], object]


def executemany(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.executemany(ONE_ROW, rows)


async def sqlite(ready: Ready, folder: str, batch: int, rows: int) -> Measured:
    """Inserts rows, so many in a commit, in both ways; `rate` in rows, `p50` of a commit."""
    manners: dict[str, Write] = {
        "executemany": executemany,
        "many_rows": RowWriter(INSERT, COLUMNS, "").write,
    }
    ready()
    found: list[Measured] = []
    for name, write in manners.items():
        database = Path(folder) / f"floor-{name}.db"
        Migrator(database, botbus_migrations.FOLDER).run()
        found.append(await _insert(database, write, list(_batches(batch, rows))))
    return max(found, key=lambda measured: measured["rate"])


async def _insert(database: Path, write: Write, batches: list[list[Row]]) -> Measured:
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
    return rate(sum(map(len, batches)), sum(took)) | latencies(took)


def _batches(batch: int, rows: int) -> Iterator[list[Row]]:
    sender, recipient = new_id(), new_id()
    for start in range(1, rows + 1, batch):
        time = from_epoch(1_750_000_000 + start / 1e6)
        yield [
            (seq, new_id(), sender, "sender", "direct", recipient, "message", TEXT, time, 0, 1)
            for seq in range(start, start + batch)
        ]


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
