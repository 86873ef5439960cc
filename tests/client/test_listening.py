"""A mailbox as a stream: how much is held, and that nothing is kept by one who left."""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from time import monotonic

import anyio
import anyio.to_thread
import pytest

import botbus
from botbus.coalescer import FRAMES_IN_FLIGHT
from botbus_protocol.replies import Deliveries, Done, Receipt
from botbus_protocol.requests import Fetch, Nak, Send
from tests.client.peer import Peer
from tests.client.peer import delivery as made
from tests.daemons import DaemonProcess


@asynccontextmanager
async def two_coders(daemon: DaemonProcess) -> AsyncIterator[tuple[botbus.Bus, botbus.Bus]]:
    """The same bot, connected twice."""
    async with (
        botbus.connect("coder", url=daemon.url) as one,
        botbus.connect("coder", url=daemon.url) as other,
    ):
        yield one, other


async def fetched(bus: botbus.Bus, count: int) -> list[botbus.Delivery]:
    """So many deliveries, in the order of their messages."""
    found: list[botbus.Delivery] = []
    with anyio.fail_after(5):
        while len(found) < count:
            found += await bus.fetch(max=count, wait=5)
    return sorted(found, key=lambda delivery: delivery.message.seq)


async def test_deliveries_come_in_order_each_once(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(100):
            await bus.send("coder", body)
        found = []
        async for delivery in bus.listen():
            found.append(delivery.message.body)
            await delivery.ack()
            if len(found) == 100:
                break
        assert found == list(range(100))
        assert await bus.fetch() == []


async def test_it_waits_for_what_comes_later(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
        anyio.create_task_group() as tasks,
    ):
        deliveries = coder.listen()
        tasks.start_soon(planner.send, "coder", "hello")
        assert (await anext(deliveries)).message.body == "hello"


async def test_break_gives_back_at_once_what_was_not_handed_out(daemon: DaemonProcess) -> None:
    async with two_coders(daemon) as (one, other):
        for body in range(50):
            await one.send("coder", body)
        count = 0
        async for delivery in one.listen():
            await delivery.ack()
            count += 1
            if count == 20:  # in the middle of a batch
                break
        found = await fetched(other, 30)
        assert [d.message.body for d in found] == list(range(20, 50))
        assert {d.attempt for d in found} == {1}


async def test_aclose_gives_back_too(daemon: DaemonProcess) -> None:
    async with two_coders(daemon) as (one, other):
        for body in range(10):
            await one.send("coder", body)
        async with aclosing(one.listen()) as deliveries:
            for _ in range(4):
                await (await anext(deliveries)).ack()
        with pytest.raises(StopAsyncIteration):
            await anext(deliveries)
        assert {d.attempt for d in await fetched(other, 6)} == {1}


async def test_closing_the_bus_gives_back_and_ends_the_iteration(daemon: DaemonProcess) -> None:
    ended = anyio.Event()

    async def listen(bus: botbus.Bus, settled: anyio.Event) -> None:
        async for delivery in bus.listen():
            await delivery.ack()
            if delivery.message.body == 3:
                settled.set()
                await anyio.sleep(0.2)  # the bus closes while more is in hand
        ended.set()

    async with anyio.create_task_group() as tasks:
        async with botbus.connect("coder", url=daemon.url) as bus:
            for body in range(10):
                await bus.send("coder", body)
            settled = anyio.Event()
            tasks.start_soon(listen, bus, settled)
            await settled.wait()
        with anyio.fail_after(5):
            await ended.wait()
    async with botbus.connect("coder", url=daemon.url) as bus:
        rest = await fetched(bus, 6)
        assert [d.message.body for d in rest] == [4, 5, 6, 7, 8, 9]
        assert {d.attempt for d in rest} == {1}


async def test_at_most_so_many_are_held_unsettled(daemon: DaemonProcess) -> None:
    async with two_coders(daemon) as (one, other):
        for body in range(10):
            await one.send("coder", body)
        deliveries = one.listen(max_in_flight=3)
        held = [await anext(deliveries) for _ in range(3)]
        with anyio.move_on_after(0.1) as scope:
            await anext(deliveries)
        assert scope.cancelled_caught
        assert len(await other.fetch(max=10)) == 7  # nothing more was taken
        await held[0].ack()
        await one.send("coder", "one more")
        with anyio.fail_after(5):
            assert (await anext(deliveries)).message.body == "one more"


async def test_settling_makes_room_for_one_who_waits(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(2):
            await bus.send("coder", body)
        deliveries = bus.listen(max_in_flight=1)
        first = await anext(deliveries)
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(deliveries.__anext__)
                await anyio.wait_all_tasks_blocked()
                await first.ack()


async def test_an_extended_delivery_keeps_its_place(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(2):
            await bus.send("coder", body)
        deliveries = bus.listen(max_in_flight=1, lease=0.3)
        await (await anext(deliveries)).extend(30)
        with anyio.move_on_after(0.5) as scope:
            await anext(deliveries)
        assert scope.cancelled_caught


async def test_a_lost_delivery_makes_room_at_once(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        deliveries = bus.listen(max_in_flight=1)
        first = await anext(deliveries)
        await first.extend(0.1)
        (again,) = await bus.fetch(wait=5)
        first.hold.ends += 60  # as one sees it whose clock, or whose daemon, jumped
        with pytest.raises(botbus.LeaseLost):
            await first.ack()
        await again.nak(delay=0.0)
        with anyio.fail_after(5):
            assert (await anext(deliveries)).attempt == 3


async def test_a_forgotten_delivery_makes_room_when_its_lease_ends(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", 1)
        deliveries = bus.listen(max_in_flight=1, lease=0.3)
        first = await anext(deliveries)
        with anyio.fail_after(5):
            second = await anext(deliveries)
        assert second.message.id == first.message.id
        assert second.attempt == 2


async def test_a_slow_bot_does_not_sit_on_what_it_has_not_begun(daemon: DaemonProcess) -> None:
    async with two_coders(daemon) as (slow, quick):
        for body in range(40):
            await slow.send("coder", body)
        deliveries = slow.listen(lease=1.0)
        for _ in range(5):  # quick enough that the next batch is of several
            await (await anext(deliveries)).ack()
        started = monotonic()
        found = await fetched(quick, 35)
        assert 0.3 < monotonic() - started < 0.9  # half of the lease, before any of it ended
        assert {d.attempt for d in found} == {1}


async def test_a_cancelled_step_can_be_taken_again(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        deliveries = bus.listen()
        with anyio.move_on_after(0.05):
            await anext(deliveries)
        await bus.send("coder", 1)
        with anyio.fail_after(5):
            assert (await anext(deliveries)).attempt == 1


async def test_it_goes_on_after_a_crash_of_the_daemon(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        for body in range(20):
            await bus.send("coder", body)
        found: list[int] = []
        async for delivery in bus.listen():
            try:
                await delivery.ack()
            except botbus.LeaseLost:
                continue
            found.append(delivery.message.body)
            if len(found) == 10:
                await anyio.to_thread.run_sync(daemon.kill)
                await anyio.to_thread.run_sync(daemon.start)
            if len(set(found)) == 20:
                break
        assert sorted(set(found)) == list(range(20))


async def test_what_was_taken_before_the_connection_broke_is_not_handed_out(peer: Peer) -> None:
    """Its leases have ended with the connection, and it will be delivered again."""
    batches = [[made("a", 1)], [made("b", 2), made("stale", 3)], [made("c", 4)]]
    peer.says[Fetch] = lambda _: Deliveries(deliveries=batches.pop(0))
    async with botbus.connect("coder", url=peer.url) as bus:
        deliveries = bus.listen()
        assert [(await anext(deliveries)).message.body for _ in range(2)] == ["a", "b"]
        await anyio.to_thread.run_sync(peer.stop)
        peer.start()
        await bus.send("coder", "the connection stands again")
        assert (await anext(deliveries)).message.body == "c"


async def test_forgetting_the_iterator_is_enough(peer: Peer) -> None:
    batches = [[made("a", 1)], [made("b", 2), made("never seen", 3)]]
    peer.says[Fetch] = lambda _: Deliveries(deliveries=batches.pop(0))
    peer.says[Nak] = lambda _: Done()
    async with botbus.connect("coder", url=peer.url) as bus:
        deliveries = bus.listen()
        await anext(deliveries)
        await anext(deliveries)
        del deliveries
        gc.collect()
        await anyio.to_thread.run_sync(peer.wait_for, Nak)
    (nak,) = peer.heard(Nak)
    assert (nak.seq, nak.lease, nak.counts) == (3, "lease-3", False)


async def test_closing_waits_until_what_is_given_back_has_arrived(peer: Peer) -> None:
    batches = [[made("a", 1)], [made("b", 2), made("never seen", 3)]]
    peer.says[Fetch] = lambda _: Deliveries(deliveries=batches.pop(0))
    gate = threading.Event()

    def hold(send: Send) -> Receipt:
        gate.wait(10)
        return peer.receipt(send)

    peer.says[Send] = hold
    opener = threading.Timer(0.2, gate.set)
    async with botbus.connect("coder", url=peer.url) as bus:
        deliveries = bus.listen()
        await anext(deliveries)
        await anext(deliveries)
        async with anyio.create_task_group() as tasks:  # every frame that may be in flight, is
            for _ in range(FRAMES_IN_FLIGHT):
                tasks.start_soon(bus.send, "planner", {})
            await anyio.to_thread.run_sync(peer.wait_for, Send, FRAMES_IN_FLIGHT)
            tasks.cancel_scope.cancel()
        opener.start()
    opener.join()
    assert [nak.seq for nak in peer.heard(Nak)] == [3]
