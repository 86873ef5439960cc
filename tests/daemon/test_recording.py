"""What is written behind, when the disk is full: nothing may be passed over.

The daemon's inner half over a real database, whose size is limited for a while; frames go in as bytes.
"""

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest

from botbus_daemon.broker import Broker
from botbus_daemon.dispatch import Dispatcher
from botbus_daemon.presence import Connection, Peer
from botbus_daemon.settings import Settings
from botbus_storage.store import Store
from tests.daemon.plain import Json, new_id, pack, unpack
from tests.daemon.small_disk import set_pages


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Inside:
    """A bot at a daemon without a listener."""

    def __init__(self, folder: Path, store: Store) -> None:
        settings = Settings(url="ipc:///nowhere", database=folder / "bus.db")
        self.database = settings.database
        self.broker = Broker(settings, store, boot=1, head=0)
        self._dispatcher = Dispatcher(self.broker)
        self._connection = Connection(1, Peer(0, 0, 7))
        self.broker.presence.connect(self._connection)

    async def ask(self, *requests: Json) -> list[Json]:
        frame = pack({"v": 1, "bot": "bot", "requests": list(requests)})
        answer = asyncio.get_running_loop().create_future()
        self._dispatcher.answer(frame, self._connection, answer.set_result)
        replies: list[Json] = unpack(await answer)["replies"]
        return replies

    async def send(self, count: int) -> None:
        letter = {"op": "send", "to": "bot", "body": None}
        await self.ask(*[{**letter, "id": new_id()} for _ in range(count)])

    async def fetch(self) -> list[Json]:
        (reply,) = await self.ask({"op": "fetch", "max": 1000, "wait": 5})
        deliveries: list[Json] = reply["ok"]["deliveries"]
        return deliveries

    def lost_by_a_crash(self) -> set[int]:
        """Messages at or below the cursor that have no row: a restart would not find them."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            rows = connection.execute("""
                SELECT m.seq FROM bot_messages m JOIN bots b ON b.id = m.recipient_bot_id
                WHERE m.seq <= b.cursor AND NOT EXISTS (
                    SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = b.id)
            """)
            return {row[0] for row in rows}
        finally:
            connection.close()


async def test_a_full_disk_leaves_nothing_behind(
    folder: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    inside = Inside(folder, store)
    await inside.send(250)
    await set_pages(store, None)
    with caplog.at_level(logging.WARNING):
        held = await inside.fetch()
        await inside.broker.recorder.flush()
    assert len(held) == 250
    assert "could not be recorded" in caplog.text
    await set_pages(store, 1_000_000)
    await inside.send(1)
    (last,) = await inside.fetch()
    message = last["message"]
    (reply,) = await inside.ask({"op": "ack", "seq": message["seq"], "lease": last["lease"]})
    assert reply == {"ok": {"kind": "done"}}
    await inside.broker.recorder.flush()
    assert inside.lost_by_a_crash() == set()
    await inside.broker.close()


async def test_a_verdict_that_finds_the_disk_full_is_told_and_may_be_repeated(
    folder: Path, store: Store
) -> None:
    inside = Inside(folder, store)
    await inside.send(300)
    held = await inside.fetch()
    await set_pages(store, None)
    term = {"op": "term", "reason": "x" * 1000}
    terms = [{**term, "seq": d["message"]["seq"], "lease": d["lease"]} for d in held]
    replies = await inside.ask(*terms)
    assert {reply["error"]["code"] for reply in replies} == {"storage_full"}
    await set_pages(store, 1_000_000)
    replies = await inside.ask(*terms)
    assert all(reply == {"ok": {"kind": "done"}} for reply in replies)
    assert inside.lost_by_a_crash() == set()
    await inside.broker.close()
