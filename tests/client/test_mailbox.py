"""Taking deliveries and being done with them, against a real daemon."""

from time import monotonic

import anyio
import pytest

import botbus
from tests.daemons import DaemonProcess


async def test_a_delivery_tells_what_it_is(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        await planner.send("coder", {"task": "fix #12"}, type="task", headers={"trace": "7"})
        (delivery,) = await coder.fetch(wait=5)
        message = delivery.message
        assert (message.sender, message.type, message.body) == (
            "planner",
            "task",
            {"task": "fix #12"},
        )
        assert message.headers == {"trace": "7"}
        assert delivery.attempt == 1
        assert delivery.lease_expires_at.endswith("Z")
        assert "from planner" in repr(delivery)
        await delivery.ack()
        assert await coder.fetch() == []


async def test_settling_twice_is_harmless(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        (delivery,) = await bus.fetch(wait=5)
        await delivery.ack()
        await delivery.ack()
        await delivery.nak()
        assert await bus.fetch() == []


async def test_nak_offers_it_again_and_not_now_does_not_count(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        (delivery,) = await bus.fetch(wait=5)
        await delivery.nak(counts=False)
        (delivery,) = await bus.fetch(wait=5)
        assert delivery.attempt == 1
        await delivery.nak(delay=0.0)
        (delivery,) = await bus.fetch(wait=5)
        assert delivery.attempt == 2


async def test_term_makes_a_dead_letter_that_can_be_replayed(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(3):
            await bus.send("coder", body)
        for delivery in await bus.fetch(max=3, wait=5):
            await delivery.term("cannot be read")
        dead = await bus.dead("coder")
        assert [letter.reason for letter in dead] == ["cannot be read"] * 3
        assert len(await bus.dead(limit=2)) == 2
        assert await bus.drop_dead("coder", [dead[0].message.seq]) == 1
        assert await bus.replay_dead("coder") == 2
        again = await bus.fetch(max=9, wait=5)
        assert [delivery.message.body for delivery in again] == [1, 2]


async def test_extend_keeps_a_delivery(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        (delivery,) = await bus.fetch(wait=5, lease=0.5)
        before = delivery.lease_expires_at
        assert await delivery.extend(30) == delivery.lease_expires_at > before
        assert await bus.fetch(wait=0.8) == []
        await delivery.ack()


async def test_a_lost_lease_is_told(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        (late,) = await bus.fetch(wait=5, lease=0.2)
        (again,) = await bus.fetch(wait=5)
        assert again.attempt == 2
        with pytest.raises(botbus.LeaseLost):
            await late.ack()
        await again.ack()


async def test_reply_answers_and_acks_in_one(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        sent = await planner.send("coder", {"q": 1})
        (delivery,) = await coder.fetch(wait=5)
        receipt = await delivery.reply({"done": True}, type="result")
        (answer,) = await planner.fetch(wait=5)
        assert (answer.message.id, answer.message.reply_to) == (receipt.id, sent.id)
        assert answer.message.type == "result"
        await delivery.ack()
        assert await coder.fetch() == []
        again = await delivery.reply({"done": True}, type="result")
        assert (again.id, again.duplicate) == (receipt.id, True)


async def test_a_reply_whose_lease_is_lost_is_not_sent(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        await planner.send("coder", {"q": 1})
        (late,) = await coder.fetch(wait=5, lease=0.2)
        (again,) = await coder.fetch(wait=5)
        with pytest.raises(botbus.LeaseLost):
            await late.reply("too late")
        await again.reply("in time")
        (answer,) = await planner.fetch(max=9, wait=5)
        assert answer.message.body == "in time"


async def test_a_cancelled_fetch_strands_nothing(daemon: DaemonProcess) -> None:
    """Messages arrive just when fetches are given up: each is delivered, at once, uncounted."""
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        found: list[int] = []
        for number in range(30):
            deliveries: list[botbus.Delivery] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(planner.send, "coder", number)
                with anyio.move_on_after(0.0004 * (number % 10)):
                    deliveries = await coder.fetch(wait=30)
            for delivery in deliveries:
                found.append(delivery.message.body)
                await delivery.ack()
        started = monotonic()
        while len(found) < 30:
            (delivery,) = await coder.fetch(wait=5)
            assert delivery.attempt == 1
            found.append(delivery.message.body)
            await delivery.ack()
        assert monotonic() - started < 5
        assert sorted(found) == list(range(30))
        assert await coder.fetch() == []


async def test_peek_reads_without_taking(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        assert await bus.peek() == []
        for body in range(3):
            await bus.send("coder", body)
        first, *_ = await bus.peek(max=2)
        assert first.body == 0
        assert [m.body for m in await bus.peek(after=first.seq)] == [1, 2]
        assert len(await bus.fetch(max=9)) == 3


async def test_a_wait_beyond_the_limit_is_made_of_several(daemon: DaemonProcess) -> None:
    daemon.restart("[limits]\nwait_seconds = 0.2\n")
    async with botbus.connect("coder", url=daemon.url) as bus:
        started = monotonic()
        assert await bus.fetch(wait=0.7) == []
        assert await bus.peek(wait=0.3) == []
        with pytest.raises(botbus.Timeout, match="did not answer within"):
            await bus.ask("planner", 1, timeout=0.5)
        assert 1.4 < monotonic() - started < 4
        for message in await bus.history(between=("coder", "planner")):
            assert message.body == 1
        assert len(await bus.history(between=("coder", "planner"))) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"max": 0}, "max must be 1 or more"),
        ({"lease": 0.0}, "lease must be seconds"),
        ({"wait": -1}, "wait must be seconds"),
        ({"wait": None}, "how long to wait"),
        ({"max": "7"}, "max"),
    ],
)
async def test_a_wrong_argument_is_told(
    daemon: DaemonProcess, arguments: dict[str, float], sentence: str
) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        with pytest.raises(botbus.Invalid, match=sentence):
            await bus.fetch(**arguments)  # type: ignore[arg-type] # wrong on purpose
