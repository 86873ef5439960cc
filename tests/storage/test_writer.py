"""The writer and the connections: durable before an answer, many in one commit, readers that cannot."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from botbus_protocol.errors import Fault
from botbus_storage.connection import open_reader, open_writer
from botbus_storage.engine import Group, Result, SqliteEngine
from botbus_storage.operations import BeginBoot, Operation, Saved
from botbus_storage.store import Store, closing, open_store
from botbus_storage.writer import BRIEF_BATCH, BRISK, ENOUGH, MOST_IN_BATCH, Writer
from tests.storage.letters import letter

FULL = 2


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


async def test_the_writing_connection_is_durable(database: Path) -> None:
    async with closing(await open_writer(database)) as writer:
        assert await writer.run(lambda c: pragma(c, "synchronous")) == FULL
        assert await writer.run(lambda c: pragma(c, "journal_mode")) == "wal"
        assert await writer.run(lambda c: pragma(c, "foreign_keys")) == 1


async def test_readers_cannot_write(database: Path) -> None:
    async with closing(await open_reader(database)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.run(lambda c: c.execute("DELETE FROM bots"))


async def test_an_answer_comes_after_the_commit(plain_store: Store, database: Path) -> None:
    """Another connection, which sees only what is committed, finds what was answered."""
    other = sqlite3.connect(database)
    for _ in range(20):
        (result,) = await plain_store.submit([letter()])
        assert isinstance(result, Saved)
        found = other.execute("SELECT count(*) FROM bot_messages WHERE id = ?", (result.id,))
        assert found.fetchone() == (1,)
    other.close()


async def test_what_is_submitted_together_is_committed_together(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        engine = await connection.run(SqliteEngine)
        writer = Writer(connection, engine)
        results = await asyncio.gather(*(writer.submit([letter()]) for _ in range(500)))
        assert len(results) == writer.commits.operations == 500
        assert writer.commits.count < 50
        await writer.idle()


async def test_who_brings_enough_does_not_wait_for_others(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        writer = Writer(connection, await connection.run(SqliteEngine))
        futures = [writer.submit([letter() for _ in range(ENOUGH)]) for _ in range(2)]
        assert futures[0].done()  # the second is, too, unless the first took the disk long
        await asyncio.gather(*futures)
        assert writer.commits.count == 2


async def test_the_loop_does_not_overtake_the_thread(database: Path) -> None:
    """Of what the thread has committed the answers may still be on their way to a busy loop."""
    async with closing(await open_writer(database)) as connection:
        writer = Writer(connection, await connection.run(SqliteEngine))
        told: list[int] = []
        done = threading.Event()
        writer._brisk = False  # as after a slow commit: the thread is asked
        writer.write([letter() for _ in range(ENOUGH)], lambda results: told.extend(seqs(results)))
        connection.post(done.set)
        assert done.wait(10)  # and the loop has not moved
        writer.write([letter() for _ in range(ENOUGH)], lambda results: told.extend(seqs(results)))
        await writer.idle()
        assert told == list(range(1, 2 * ENOUGH + 1))


def seqs(results: Sequence[Result]) -> list[int]:
    return [result.seq for result in results if isinstance(result, Saved)]


class RecordingEngine:
    """Notes the sizes of the batches it is given, and whether the event loop's thread gives them."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine
        self.trouble: Fault | None = None
        self.sync_seconds = 0.0
        self._loop = threading.get_ident()
        self.sizes: list[int] = []
        self.by_loop: list[bool] = []
        self.takes = 0.0
        """Seconds that a commit takes longer than it does."""
        self.begun = threading.Event()
        self.gate = threading.Event()
        """Closed, it holds commits up."""
        self.gate.set()

    def execute(self, groups: Sequence[Group]) -> list[list[Result]]:
        self.sizes.append(sum(len(group.operations) for group in groups))
        self.by_loop.append(threading.get_ident() == self._loop)
        self.begun.set()
        assert self.gate.wait(10)
        time.sleep(self.takes)
        return self._engine.execute(groups)


async def test_a_batch_is_bounded(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        engine = RecordingEngine(await connection.run(SqliteEngine))
        writer = Writer(connection, engine)
        futures = [writer.submit([letter()] * 100) for _ in range(60)]
        await asyncio.gather(*futures)
        assert max(engine.sizes) < MOST_IN_BATCH + 100
        await writer.idle()


async def submit_until_the_loop_commits(writer: Writer, engine: RecordingEngine) -> None:
    """It does after a commit that was quick, which on a busy machine may not be the first."""
    for _ in range(1000):
        await writer.submit([letter()])
        await writer.idle()
        if engine.by_loop[-1]:
            return
    raise AssertionError("the loop does not commit what is brief")


async def test_the_loop_commits_what_is_brief_and_the_thread_the_rest(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        engine = RecordingEngine(await connection.run(SqliteEngine))
        writer = Writer(connection, engine)
        many: list[Operation] = [letter() for _ in range(BRIEF_BATCH + 1)]
        for operations in (many, [letter(), BeginBoot(version="1", pid=1)]):
            await submit_until_the_loop_commits(writer, engine)
            await writer.submit(operations)
            await writer.idle()
            assert not engine.by_loop[-1]


async def test_a_slow_disk_does_not_hold_the_loop_up(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        engine = RecordingEngine(await connection.run(SqliteEngine))
        writer = Writer(connection, engine)
        engine.takes = 10 * BRISK
        for _ in range(3):
            await writer.submit([letter()])
            await writer.idle()
        assert engine.by_loop == [True, False, False]
        engine.takes = 0.0
        await submit_until_the_loop_commits(writer, engine)


async def test_the_loop_leaves_it_to_the_thread_while_that_is_at_work(database: Path) -> None:
    async with closing(await open_writer(database)) as connection:
        engine = RecordingEngine(await connection.run(SqliteEngine))
        writer = Writer(connection, engine)
        engine.gate.clear()
        first = writer.submit([letter(), BeginBoot(version="1", pid=1)])
        await asyncio.to_thread(engine.begun.wait)
        second = writer.submit([letter()])
        for _ in range(10):
            await asyncio.sleep(0)
        assert engine.sizes == [2]
        engine.gate.set()
        await asyncio.gather(first, second)
        assert engine.by_loop == [False, False]
        await writer.idle()


async def test_all_are_told_in_the_order_of_their_commits(database: Path) -> None:
    """Whoever commits: the loop, the thread, or one while the other is asked for more."""
    told: list[int] = []
    async with closing(await open_writer(database)) as connection:
        writer = Writer(connection, await connection.run(SqliteEngine))

        def tell(results: list[Result]) -> None:
            told.extend(result.seq for result in results if isinstance(result, Saved))

        for number in range(200):
            size = BRIEF_BATCH + 1 if number % 50 == 0 else 1
            writer.write([letter() for _ in range(size)], tell)
            if number % 3 == 0:
                await asyncio.sleep(0)
        await writer.idle()
        await writer.submit([letter()])
    assert told == sorted(told)
    assert len(told) == 196 + 4 * (BRIEF_BATCH + 1)


class BrokenEngine:
    trouble = None
    sync_seconds = 0.0

    """Has a defect."""

    def execute(self, groups: Sequence[Group]) -> list[list[Result]]:
        raise RuntimeError(f"cannot do {len(groups)} groups")


async def test_a_defect_is_told_to_everybody_who_waits(database: Path) -> None:
    failures: list[BaseException] = []
    async with closing(await open_writer(database)) as connection:
        writer = Writer(connection, BrokenEngine(), failures.append)
        (result,) = await writer.submit([letter()])
        assert isinstance(result, Fault)
        assert result.code == "internal"
        assert [type(failure) for failure in failures] == [RuntimeError]
        await writer.idle()


async def test_who_listens_and_fails_stops_nobody(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> None:
        raise ValueError("cannot count")

    async with open_store(database) as store:
        store.listen(failing)
        for _ in range(2):
            async with asyncio.timeout(5):
                (result,) = await store.submit([letter()])
            assert isinstance(result, Saved)
    assert "cannot count" in caplog.text


async def test_closing_a_store_empties_the_wal(database: Path) -> None:
    async with open_store(database) as store:
        await store.submit([letter() for _ in range(100)])
    wal = database.with_name(database.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
