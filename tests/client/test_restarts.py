"""The daemon goes away and comes back: requests are sent again, until their time is over."""

import threading
from time import monotonic

import anyio
import anyio.to_thread
import pytest

import botbus
from botbus.transport import SPARE_COURIERS
from botbus_protocol.errors import Fault
from botbus_protocol.replies import Answer, Deliveries, Receipt, Reply
from botbus_protocol.requests import Ask, CancelFetch, Fetch, Hello, Send
from tests.client.peer import Peer, delivery
from tests.daemons import DaemonProcess
from tests.waiting import until


def says_nothing(_request: object) -> None:
    return None


async def restart(peer: Peer) -> None:
    await anyio.to_thread.run_sync(peer.stop)
    peer.start()


async def test_a_send_in_flight_when_the_daemon_dies_is_sent_again(peer: Peer) -> None:
    peer.says[Send] = says_nothing
    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        tasks.start_soon(bus.send, "coder", {})
        await anyio.to_thread.run_sync(peer.wait_for, Send)
        peer.says[Send] = peer.receipt
        await restart(peer)
    first, second = peer.heard(Send)
    assert first == second  # the same id, so the daemon knows it


async def test_a_send_while_the_daemon_is_away_waits_for_it(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        await anyio.to_thread.run_sync(peer.stop)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.send, "coder", {})
            await anyio.sleep(0.05)
            peer.start()
    assert len(peer.heard(Send)) == 1


async def test_each_connection_is_greeted(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        await restart(peer)
        await anyio.to_thread.run_sync(peer.wait_for, Hello, 2)
        await bus.send("coder", {})

        async def greeted() -> bool:
            return bus.boot == 2  # the answer to the greeting may come after that to the send

        await until(greeted)
    assert len(peer.heard(Hello)) == 2


async def test_a_daemon_that_stays_away_is_unavailable_in_time(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url, timeout=0.3) as bus:
        await anyio.to_thread.run_sync(peer.stop)
        started = monotonic()
        with pytest.raises(botbus.Unavailable, match="has not come back"):
            await bus.send("coder", {})
        assert 0.2 < monotonic() - started < 1.5
        with pytest.raises(botbus.Unavailable):
            await bus.fetch(wait=0.1)


async def test_a_daemon_that_does_not_answer_times_out(peer: Peer) -> None:
    peer.says[Send] = says_nothing
    async with botbus.connect("planner", url=peer.url, timeout=0.3) as bus:
        with pytest.raises(botbus.Timeout, match="did not answer in time"):
            await bus.send("coder", {})


async def test_requests_that_wait_behind_a_hung_daemon_time_out_too(peer: Peer) -> None:
    peer.says[Send] = says_nothing
    failed: list[float] = []
    started = monotonic()

    async def one(bus: botbus.Bus) -> None:
        with pytest.raises(botbus.Timeout):
            await bus.send("coder", {})
        failed.append(monotonic() - started)

    async with botbus.connect("planner", url=peer.url, timeout=0.5) as bus:
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(one, bus)
        peer.says[Send] = peer.receipt
        await bus.send("coder", {})
    assert len(failed) == 50
    assert max(failed) < 2


async def test_a_daemon_that_is_shutting_down_is_asked_again(peer: Peer) -> None:
    def first_stopping(send: Send) -> Receipt | Fault:
        if len(peer.heard(Send)) < 3:
            return Fault("shutting_down", "the daemon is stopping")
        return peer.receipt(send)

    peer.says[Send] = first_stopping
    async with botbus.connect("planner", url=peer.url) as bus:
        await bus.send("coder", {})
    assert len({send.id for send in peer.heard(Send)}) == 1


async def test_shutting_down_until_the_end_is_told(peer: Peer) -> None:
    peer.says[Send] = lambda _: Fault("shutting_down", "the daemon is stopping")
    async with botbus.connect("planner", url=peer.url, timeout=0.2) as bus:
        with pytest.raises(botbus.ShuttingDown, match="the daemon is stopping"):
            await bus.send("coder", {})


async def test_a_parked_fetch_heals_and_asks_only_for_what_is_left(peer: Peer) -> None:
    gate = threading.Event()

    def parked(_fetch: Fetch) -> Reply:
        gate.wait(10)
        return Deliveries(deliveries=[delivery("after the restart")])

    peer.says[Fetch] = parked
    async with botbus.connect("coder", url=peer.url) as bus, anyio.create_task_group() as tasks:
        found: list[botbus.Delivery] = []

        async def fetch() -> None:
            found.extend(await bus.fetch(wait=30))

        tasks.start_soon(fetch)
        await anyio.to_thread.run_sync(peer.wait_for, Fetch)
        peer.hang_up()  # the connection breaks while the fetch is parked
        gate.set()
        await restart(peer)
    assert [d.message.body for d in found] == ["after the restart"]
    first, second = peer.heard(Fetch)
    assert first.ticket == second.ticket
    assert first.wait == 30
    assert 25 < second.wait < 30


async def test_an_ask_outlives_a_restart(peer: Peer) -> None:
    peer.says[Ask] = says_nothing
    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        answers: list[botbus.Message] = []

        async def ask() -> None:
            answers.append(await bus.ask("coder", {"q": "status?"}, timeout=20))

        tasks.start_soon(ask)
        await anyio.to_thread.run_sync(peer.wait_for, Ask)
        peer.says[Ask] = lambda ask: Answer(
            receipt=Receipt(id=ask.id, seq=1, timestamp=""), reply=delivery("fine").message
        )
        await restart(peer)
    assert answers[0].body == "fine"
    first, second = peer.heard(Ask)
    assert first.id == second.id
    assert second.timeout < first.timeout == 20


async def test_closing_fails_whoever_still_waits(peer: Peer) -> None:
    peer.says[Send] = says_nothing
    errors: list[str] = []

    async def one(bus: botbus.Bus) -> None:
        with pytest.raises(botbus.Unavailable) as caught:
            await bus.fetch(wait=60)
        errors.append(str(caught.value))

    gate = threading.Event()

    def parked(_fetch: Fetch) -> Reply:
        gate.wait(10)
        return Deliveries(deliveries=[])

    peer.says[Fetch] = parked
    async with anyio.create_task_group() as tasks:
        async with botbus.connect("planner", url=peer.url) as bus:
            tasks.start_soon(one, bus)
            await anyio.to_thread.run_sync(peer.wait_for, Fetch)
        gate.set()
    assert "closed" in errors[0]
    with pytest.raises(botbus.Unavailable, match="closed"):
        await bus.send("coder", {})


async def test_what_is_cancelled_leaves_nothing_behind(peer: Peer) -> None:
    async def cancelled(bus: botbus.Bus) -> None:
        with anyio.move_on_after(0.01):
            await bus.fetch(wait=60)

    async with botbus.connect("coder", url=peer.url) as bus:
        await anyio.to_thread.run_sync(peer.stop)
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(cancelled, bus)
        peer.start()
        await bus.send("coder", {})
        await anyio.wait_all_tasks_blocked()
        assert len(bus._transport._out) <= 1  # the greeting, perhaps
        assert len(bus._transport._spare) <= SPARE_COURIERS
    assert peer.heard(Fetch) == []  # none of them had left
    assert len(peer.heard(CancelFetch)) == 50


async def test_every_send_has_its_effect_once_whatever_crashes(daemon: DaemonProcess) -> None:
    receipts: list[botbus.Receipt] = []
    milestones = {50: anyio.Event(), 150: anyio.Event(), 250: anyio.Event()}

    async def chat(bus: botbus.Bus, number: int) -> None:
        for part in range(40):
            receipt = await bus.send("coder", [number, part])
            receipts.append(receipt)
            if (milestone := milestones.get(len(receipts))) is not None:
                milestone.set()

    async with botbus.connect("planner", url=daemon.url) as bus:
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(chat, bus, number)
            for milestone in milestones.values():
                await milestone.wait()
                await anyio.to_thread.run_sync(daemon.kill)
                await anyio.to_thread.run_sync(daemon.start)
        messages = await bus.history(between=("planner", "coder"), limit=1000)
    assert len(messages) == len(receipts) == 400
    assert {message.id for message in messages} == {receipt.id for receipt in receipts}
    for number in range(10):  # and in the order in which each task sent them
        mine = [m.body[1] for m in reversed(messages) if m.body[0] == number]
        assert mine == list(range(40))


async def test_an_asker_outlives_an_orderly_restart(daemon: DaemonProcess) -> None:
    answers: list[int] = []

    async def ask(bus: botbus.Bus) -> None:
        answers.append((await bus.ask("coder", 41, timeout=20)).body)

    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(ask, planner)
        assert len(await coder.peek(wait=10)) == 1
        assert await anyio.to_thread.run_sync(daemon.stop) == 0
        await anyio.to_thread.run_sync(daemon.start)
        (delivery,) = await coder.fetch(wait=10)
        await delivery.reply(delivery.message.body + 1)
    assert answers == [42]
