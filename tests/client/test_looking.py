"""Channels, history, the live tail, and who is there, against a real daemon."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

import botbus
from botbus import room
from tests.daemons import DaemonProcess


async def test_channels_and_their_subscribers(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        channel = await planner.create_channel("builds")
        assert (channel.name, channel.created_by) == ("builds", "planner")
        assert (await planner.create_channel("builds")).created_at == channel.created_at
        await planner.publish("builds", "before")
        subscription = await coder.subscribe("builds", start="first")
        assert (subscription.bot, subscription.channel) == ("coder", "builds")
        receipt = await planner.publish("builds", "after")
        assert receipt.recipients == 1
        bodies = [d.message.body for d in await coder.fetch(max=9, wait=5)]
        assert bodies == ["before", "after"]
        assert [c.name for c in await planner.channels()] == ["builds"]
        assert (await planner.channel("builds")).subscribers == 1
        assert await planner.subscribers("builds") == ["coder"]
        assert [s.channel for s in await coder.subscriptions()] == ["builds"]
        assert await planner.subscriptions() == []
        assert [s.bot for s in await planner.subscriptions("coder")] == ["coder"]
        assert await coder.unsubscribe("builds") is True
        assert await coder.unsubscribe("builds") is False


async def test_subscribing_from_a_seq_and_from_a_time(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.create_channel("builds")
        receipts = [await bus.publish("builds", number) for number in range(4)]
        async with botbus.connect("by-seq", url=daemon.url) as other:
            await other.subscribe("builds", start=receipts[2].seq)
            assert [d.message.body for d in await other.fetch(max=9, wait=5)] == [2, 3]
        async with botbus.connect("by-time", url=daemon.url) as other:
            await other.subscribe("builds", start=datetime.now(UTC) - timedelta(hours=1))
            assert len(await other.fetch(max=9, wait=5)) == 4
        with pytest.raises(botbus.Invalid, match="no time zone"):
            await bus.subscribe("builds", start=datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose


async def test_what_is_not_there_is_told(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        with pytest.raises(botbus.NotFound) as caught:
            await bus.channel("nowhere")
        assert caught.value.code == "not_found"
        with pytest.raises(botbus.NotFound):
            await bus.message(botbus.new_id())


async def test_lists_are_read_to_the_end(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PAGE", 7)
    async with botbus.connect("coder", url=daemon.url) as bus:
        async with bus.atomic() as frame:
            for number in range(30):
                frame.create_channel(f"channel-{number:02}")
        assert len(await bus.channels()) == 30
        assert len(await bus.channels(limit=9)) == 9
        for number in range(20):
            await bus.send(f"bot-{number}", number)
        assert len(await bus.bots()) == 21
        assert [bot.name for bot in await bus.bots(connected=True)] == ["coder"]


async def test_history_in_both_directions(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PAGE", 7)
    async with botbus.connect("planner", url=daemon.url) as bus:
        receipts = [await bus.send("coder", number) for number in range(30)]
        pair = ("planner", "coder")
        newest = await bus.history(between=pair, limit=20)
        assert [m.body for m in newest] == list(range(29, 9, -1))
        older = await bus.history(between=pair, before=newest[-1].seq)
        assert [m.body for m in older] == list(range(9, -1, -1))
        later = await bus.history(between=pair, after=receipts[9].seq, limit=15)
        assert [m.body for m in later] == list(range(10, 25))
        assert await bus.history(between=pair, before=receipts[0].timestamp) == []
        hour = timedelta(hours=1)
        assert len(await bus.history(between=pair, after=datetime.now(UTC) - hour)) == 30
        with pytest.raises(botbus.Invalid, match="give between, channel, thread or session_id"):
            await bus.history()


async def test_history_is_whole_however_large_its_messages(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        for number in range(12):
            await bus.send("coder", [number, "x" * 200_000])
        found = await bus.history(between=("planner", "coder"), limit=12)
        assert [message.body[0] for message in found] == list(range(11, -1, -1))
        async with botbus.connect("coder", url=daemon.url) as coder:
            async for delivery in coder.listen():
                await delivery.ack()
                if delivery.message.body[0] == 11:
                    break


async def test_the_life_of_a_message_and_its_thread(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
        anyio.create_task_group() as tasks,
    ):

        async def answer() -> None:
            (delivery,) = await coder.fetch(wait=10)
            await delivery.reply({"state": "fine"})

        tasks.start_soon(answer)
        reply = await planner.ask("coder", {"q": "status?"}, timeout=10, type="question")
        assert reply.body == {"state": "fine"}
        assert reply.reply_to is not None
        life = await planner.message(reply.reply_to)
        assert [record.state for record in life.deliveries] == ["acked"]
        assert [message.id for message in life.replies] == [reply.id]
        assert [m.id for m in await planner.history(thread=reply.reply_to)] == [
            reply.id,
            reply.reply_to,
        ]


async def test_recall_takes_back_what_nobody_has_seen(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        receipt = await bus.send("coder", "forget it")
        assert await bus.recall(receipt.id) is True
        async with botbus.connect("coder", url=daemon.url) as coder:
            assert await coder.fetch() == []


async def test_an_id_of_ones_own_sends_once(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        mine = botbus.new_id()
        assert (await bus.send("coder", 1, id=mine)).duplicate is False
        assert (await bus.send("coder", 1, id=mine)).duplicate is True
        with pytest.raises(botbus.Conflict):
            await bus.send("coder", 2, id=mine)


async def test_tail_watches_without_taking(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect(url=daemon.url) as watcher,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        before = await coder.send("coder", "before")
        stream = watcher.tail()
        with anyio.move_on_after(0.1):
            await anext(stream)  # begins to watch from now on
        for number in range(250):
            await coder.send("coder", number)
        assert [(await anext(stream)).body for _ in range(250)] == list(range(250))
        again = watcher.tail(after=before.seq - 1, bot="coder")
        assert (await anext(again)).body == "before"
        assert len(await coder.fetch(max=500)) == 251


async def test_a_watcher_has_no_mailbox(daemon: DaemonProcess) -> None:
    async with botbus.connect(url=daemon.url) as bus:
        with pytest.raises(botbus.BusError):
            await bus.fetch()


async def test_hello_tells_who_serves(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        welcome = await bus.hello()
        assert welcome.server.startswith("botbus ")
        assert (welcome.boot, welcome.limits) == (bus.boot, bus.limits)
