"""All of a frame or nothing of it, against a real daemon."""

import pytest

import botbus
from botbus_protocol.requests import Send
from tests.client.peer import Peer
from tests.daemons import DaemonProcess


async def test_all_of_it_is_done_and_each_has_its_result(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", "do it")
        (delivery,) = await bus.fetch(wait=5)
        async with bus.atomic() as frame:
            acked = frame.ack(delivery)
            channel = frame.create_channel("builds")
            subscription = frame.subscribe("builds")
            sent = frame.send("tester", {"ok": True}, type="result")
        assert acked.result is True
        assert channel.result.name == "builds"
        assert subscription.result.channel == "builds"
        assert frame.results == [True, channel.result, subscription.result, sent.result]
        assert (await bus.message(sent.result.id)).message.type == "result"
        assert await bus.fetch() == []


async def test_one_that_fails_undoes_all_and_is_named(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        frame = bus.atomic()
        frame.send("tester", 1)
        frame.publish("nowhere", 2)
        with pytest.raises(botbus.NotFound, match="nowhere") as caught:
            await frame.commit()
        assert "1" in str(caught.value)  # which of them it was
        assert "tester" not in [bot.name for bot in await bus.bots()]
        with pytest.raises(botbus.IllegalState, match="not committed"):
            _ = frame.results


async def test_a_block_that_raises_sends_nothing(peer: Peer) -> None:
    async with botbus.connect("coder", url=peer.url) as bus:
        frame = bus.atomic()

        async def fail() -> None:
            async with frame:
                frame.send("tester", 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        with pytest.raises(botbus.IllegalState, match="over"):
            frame.send("tester", 2)
    assert peer.heard(Send) == []


async def test_it_is_one_frame(peer: Peer) -> None:
    async with botbus.connect("coder", url=peer.url) as bus:
        async with bus.atomic() as frame:
            for number in range(40):
                frame.send("tester", number)
        async with bus.atomic():
            pass  # nothing collected, nothing sent
    assert [len(heard) for heard in peer.frames] == [1, 40]
    assert peer.atomic == [False, True]


async def test_a_reply_in_a_frame_is_an_answer_and_an_ack(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        question = await bus.send("coder", "?")
        (delivery,) = await bus.fetch(wait=5)
        async with bus.atomic() as frame:
            frame.reply(delivery, "!", type="answer")
        await delivery.ack()  # it is settled already: harmless
        (answer,) = await bus.fetch(wait=5)
        assert (answer.message.reply_to, answer.message.type) == (question.id, "answer")


async def test_nak_and_term_in_a_frame(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(2):
            await bus.send("coder", body)
        one, other = await bus.fetch(max=2, wait=5)
        async with bus.atomic() as frame:
            frame.nak(one, delay=60, reason="not now")
            frame.term(other, "never")
        assert await bus.fetch() == []
        assert [letter.reason for letter in await bus.dead("coder")] == ["never"]


async def test_too_much_for_one_frame_is_refused(peer: Peer) -> None:
    async with botbus.connect("coder", url=peer.url) as bus:
        many, large = bus.atomic(), bus.atomic()
        for number in range(1001):
            many.send("tester", number)
        with pytest.raises(botbus.Invalid, match="the limit is 1000"):
            await many.commit()
        for _ in range(5):
            large.send("tester", "x" * 250_000)
        with pytest.raises(botbus.TooLarge):
            await large.commit()
    assert peer.heard(Send) == []
