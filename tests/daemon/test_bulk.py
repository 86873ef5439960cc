"""Bulk mail: letters in one frame are answered as if each of them had a frame of its own.

The daemon's inner half over real databases; frames go in as bytes. That this can fail was tried: with
charges that are not given back, without handing on, with the limit of the shortest body.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import botbus_migrations
from botbus_daemon import dispatch
from botbus_daemon.broker import Broker
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.dispatch import Dispatcher
from botbus_daemon.handlers import bulk
from botbus_daemon.monitoring.health import Health
from botbus_daemon.presence import Connection, Peer
from botbus_daemon.serve import open_broker
from botbus_daemon.settings import Settings
from botbus_protocol.bulk_mail import WORTH_IT
from botbus_protocol.limits import Limits
from botbus_storage.migrator import Migrator
from botbus_storage.store import open_store
from tests.daemon.plain import Json, new_id, pack, unpack
from tests.daemon.small_disk import set_pages

MAILBOX = 60
"""Messages that fit into one: more than are sent to one, for a repeat takes room until it is known."""
IDS = [new_id() for _ in range(300)]
FIRST = {"reader": new_id(), "away": new_id()}
BODIES: list[Any] = [1, "text", "ü" * 50, None, {"a": [1, None]}]
BAD_BODIES: list[Any] = [float("nan"), b"bytes", "x" * 300]
"""Such as cannot be stored, or are beyond the limit."""
UNLIKE = {"timestamp", "deliver_at", "lease_expires_at", "request"}
"""What two daemons do not have alike, or two frames."""

ids, bodies = st.sampled_from(IDS), st.sampled_from(BODIES)
to, channel = st.sampled_from(["reader", "away"]), st.just("builds")
some_send = st.fixed_dictionaries({"op": st.just("send"), "id": ids, "to": to, "body": bodies})
some_publish = st.fixed_dictionaries(
    {"op": st.just("publish"), "id": ids, "channel": channel, "body": bodies}
)
bad_send = st.fixed_dictionaries(
    {"op": st.just("send"), "id": ids, "to": to, "body": st.sampled_from(BAD_BODIES)}
)
others = st.sampled_from(
    [
        {"op": "send", "to": "$no-name", "id": new_id(), "body": 1},
        {"op": "send", "to": "botbus", "id": new_id(), "body": 1},
        {"op": "send", "to": new_id(), "id": new_id(), "body": 1},
        {"op": "send", "to": "away", "id": new_id(), "body": 1, "headers": {"a": "b"}},
        {"op": "send", "to": "away", "id": new_id(), "body": 1, "delay": 60.0},
        {"op": "publish", "channel": "nowhere", "id": new_id(), "body": 1},
        {"op": "publish", "channel": "botbus.runs", "id": new_id(), "body": 1},
        {"op": "publish", "channel": "builds", "id": new_id(), "body": 1, "reply_to": IDS[0]},
        {"op": "history", "channel": "builds"},
        {"op": "fetch", "max": 3},
    ]
)
"""What is refused here by the database has an id of its own: of two faults either may be told."""
sends = partial(st.lists, some_send, min_size=WORTH_IT, max_size=30)
publishes = partial(st.lists, some_publish, min_size=WORTH_IT, max_size=30)
id_of = itemgetter("id")
alike = sends() | sends(unique_by=id_of) | publishes() | publishes(unique_by=id_of)
mixed = st.lists(alike | st.lists(others | bad_send, max_size=1), min_size=2, max_size=3)
frames = alike | alike | mixed.map(lambda parts: [request for part in parts for request in part])


class Inside:
    """A daemon without a listener; its bots speak through one connection."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._dispatcher = Dispatcher(broker)
        self._connection = Connection(1, Peer(0, 0, 7))
        broker.connected(self._connection)

    async def ask(self, bot: str, *asked: Json) -> list[Json]:
        answer = asyncio.get_running_loop().create_future()
        frame = pack({"v": 1, "bot": bot, "requests": list(asked)})
        self._dispatcher.answer(frame, self._connection, answer.set_result)
        replies: list[Json] = unpack(await answer)["replies"]
        return replies


@asynccontextmanager
async def inside() -> AsyncIterator[Inside]:
    """A daemon with a bot that reads its mail, and a channel that it reads."""
    with tempfile.TemporaryDirectory(prefix="bb-") as name:
        settings = Settings(
            url="ipc:///nowhere",
            database=Path(name) / "bus.db",
            limits=Limits(body_bytes=256),
            bot_limits=BotLimits(mailbox_messages=MAILBOX),
        )
        Migrator(settings.database, botbus_migrations.FOLDER).run()
        async with (
            open_store(settings.database) as store,
            open_broker(settings, store, Health()) as broker,
        ):
            there = Inside(broker)
            await there.ask("reader", {"op": "create_channel", "name": "builds"})
            await there.ask("reader", {"op": "subscribe", "channel": "builds"})
            await there.ask("reader", {"op": "fetch"})
            for to in ("reader", "away"):
                first = {"op": "send", "to": to, "body": 1, "id": FIRST[to]}
                await there.ask("sender", first)  # from now on the mailbox is known
            yield there


async def found(there: Inside) -> list[Json]:
    """Whatever was delivered, and what is stored."""
    fetched = await there.ask("reader", {"op": "fetch", "max": 100, "wait": 0.0})
    return [*fetched, *await there.ask("reader", {"op": "tail", "after": 0, "max": 100})]


def timeless(value: Any) -> Any:
    """The same without times, and without the place in the frame."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in UNLIKE}
        return {key: timeless(each) for key, each in kept.items()}
    return [timeless(each) for each in value] if isinstance(value, list) else value


async def both(asked: list[Json]) -> None:
    async with inside() as together, inside() as alone:
        replies = await together.ask("sender", *asked)
        each = [reply for request in asked for reply in await alone.ask("sender", request)]
        assert timeless(replies) == timeless(each)
        assert timeless(await found(together)) == timeless(await found(alone))
        assert await room(together) == await room(alone)


async def room(there: Inside) -> int:
    """How many messages fit into a mailbox when what is in it has been read."""
    (reply,) = await there.ask("away", {"op": "fetch", "max": 100, "wait": 0.0})
    for delivery in reply["ok"]["deliveries"]:
        settled = {"seq": delivery["message"]["seq"], "lease": delivery["lease"]}
        await there.ask("away", {"op": "ack", **settled})
    return sum("ok" in reply for reply in await there.ask("sender", *letters("away", MAILBOX + 1)))


def letters(to: str, count: int) -> list[Json]:
    return [{"op": "send", "to": to, "body": 1, "id": new_id()} for _ in range(count)]


def publications(count: int) -> list[Json]:
    return [{"op": "publish", "channel": "builds", "body": 1, "id": new_id()} for _ in range(count)]


@given(frames)
def test_a_frame_is_answered_as_each_of_its_requests_would_be(asked: list[Json]) -> None:
    asyncio.run(both(asked))


async def _one_mailbox_full() -> None:
    async with inside() as there:
        assert all(
            "ok" in reply for reply in await there.ask("sender", *letters("away", MAILBOX - 1))
        )
        mixed = [*letters("reader", 3), *letters("away", 1), *letters("reader", 4)]
        replies = await there.ask("sender", *mixed)
        assert ["ok" in reply for reply in replies] == [
            True,
            True,
            True,
            False,
            True,
            True,
            True,
            True,
        ]
        assert replies[3]["error"]["code"] == "limit"
        replies = await there.ask("sender", *letters("reader", MAILBOX))
        assert sum("ok" in reply for reply in replies) == MAILBOX - 8


def test_a_full_mailbox_refuses_its_own_letters_only() -> None:
    asyncio.run(_one_mailbox_full())


async def _one_body_wrong(body: Any, code: str) -> None:
    async with inside() as there:
        letter = {"op": "send", "to": "away", "body": body, "id": new_id()}
        replies = await there.ask("sender", *letters("away", 3), letter, *letters("away", 3))
        assert ["ok" in reply for reply in replies] == [True] * 3 + [False] + [True] * 3
        assert replies[3]["error"]["code"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (float("nan"), "invalid"),
        (b"bytes", "invalid"),
        ("x" * 300, "too_large"),
        ("ü" * 150, "too_large"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_alone(body: Any, code: str) -> None:
    asyncio.run(_one_body_wrong(body, code))


async def _answered_in_the_same_frame() -> None:
    async with inside() as there:
        first, second, *rest = letters("away", WORTH_IT)
        (reply,) = letters("away", 1)
        replies = await there.ask(
            "sender", first, second, *rest, reply | {"reply_to": second["id"]}
        )
        assert all("ok" in reply for reply in replies), replies


def test_bulk_mail_may_be_answered_in_its_own_frame() -> None:
    asyncio.run(_answered_in_the_same_frame())


async def _planned_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with inside() as there:
        replies = await there.ask("sender", *letters("away", WORTH_IT))
        assert all("ok" in reply for reply in replies), replies
        assert "could not be planned together" in caplog.text


def test_a_defect_in_planning_together_harms_nobody(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(bulk, "plan", fail)
    asyncio.run(_planned_alone(caplog))


async def _planned_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async with inside() as there:
        monkeypatch.delattr(dispatch, "decode_frame")
        for asked in (letters("away", WORTH_IT), publications(WORTH_IT)):
            replies = await there.ask("sender", *asked)
            assert all("ok" in reply for reply in replies), replies


def test_a_frame_of_plain_letters_needs_no_closer_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of the above would say nothing."""
    asyncio.run(_planned_together(monkeypatch))


async def _not_written() -> None:
    async with inside() as there:
        await set_pages(there.broker.store, None)
        large = [letter | {"body": "x" * 250} for letter in letters("away", MAILBOX - 1)]
        replies = await there.ask("sender", *large)
        assert {reply["error"]["code"] for reply in replies} == {"storage_full"}
        await set_pages(there.broker.store, 10_000)
        replies = await there.ask("sender", *letters("away", MAILBOX - 1))
        assert all("ok" in reply for reply in replies), replies


def test_letters_that_could_not_be_written_take_no_room() -> None:
    asyncio.run(_not_written())


async def _not_answered(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async with inside() as there:
        for _ in range(2):
            with monkeypatch.context() as patched:
                patched.setattr(there.broker, "wants", None)
                replies = await there.ask("sender", *letters("away", WORTH_IT))
            assert {reply["error"]["code"] for reply in replies} == {"internal"}
        assert "could not be answered" in caplog.text
        asked = letters("away", MAILBOX - 1 - 2 * WORTH_IT)
        assert all("ok" in reply for reply in await there.ask("sender", *asked))
        (reply,) = await there.ask("sender", *letters("away", 1))
        assert reply["error"]["code"] == "limit"


def test_a_defect_after_the_commit_leaves_what_is_stored_charged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_not_answered(caplog, monkeypatch))
