"""What leaves together: an idle client pays no delay, a busy one batches, limits are kept."""

import threading
from itertools import accumulate
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

import botbus
from botbus.coalescer import FRAMES_IN_FLIGHT, LEAST_SHARE, that_fit
from botbus.parcels import Parcel
from botbus_protocol.errors import Fault
from botbus_protocol.limits import Limits
from botbus_protocol.replies import Receipt
from botbus_protocol.requests import Hello, Send
from tests.client.peer import NOW, Peer


def frames_of_sends(peer: Peer) -> list[int]:
    return [len(frame) for frame in peer.frames if not isinstance(frame[0], Hello)]


async def send_all(bus: botbus.Bus, count: int) -> list[botbus.Receipt]:
    receipts: list[botbus.Receipt] = []

    async def one(number: int) -> None:
        receipts.append(await bus.send("coder", {"number": number}))

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)
    return receipts


async def test_what_comes_while_frames_are_in_flight_leaves_together(peer: Peer) -> None:
    gate = threading.Event()

    def hold(send: Send) -> Receipt:
        gate.wait(10)
        return peer.receipt(send)

    peer.says[Send] = hold
    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        for _ in range(FRAMES_IN_FLIGHT * LEAST_SHARE):
            tasks.start_soon(bus.send, "coder", {})
        await anyio.to_thread.run_sync(peer.wait_for, Send, FRAMES_IN_FLIGHT)
        gate.set()
    sizes = frames_of_sends(peer)
    assert sum(sizes) == FRAMES_IN_FLIGHT * LEAST_SHARE
    assert sizes[:FRAMES_IN_FLIGHT] == [1] * FRAMES_IN_FLIGHT  # those that found nobody before them
    assert len(sizes) <= 2 * FRAMES_IN_FLIGHT


async def test_each_gets_its_own_receipt(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        receipts = await send_all(bus, 200)
    assert sorted(receipt.id for receipt in receipts) == sorted(s.id for s in peer.heard(Send))


async def test_a_busy_client_needs_few_frames(peer: Peer) -> None:
    async def chat(bus: botbus.Bus) -> None:
        for _ in range(20):
            await bus.send("coder", {})

    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(chat, bus)
    assert len(frames_of_sends(peer)) <= 20 * 64 / 16


async def test_stragglers_wait_for_a_large_frame(peer: Peer) -> None:
    gates = {kind: threading.Event() for kind in ("one", "other", "many")}

    def hold(send: Send) -> Receipt:
        if send.type in gates:
            gates[send.type].wait(10)
        return peer.receipt(send)

    peer.says[Send] = hold

    async def send(kind: str) -> None:
        await bus.send("coder", {}, type=kind)

    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as first:
            for kind in ("one", "other"):
                first.start_soon(send, kind)
                await anyio.to_thread.run_sync(peer.wait_for, Send, 1 if kind == "one" else 2)
            for _ in range(30):
                tasks.start_soon(send, "many")
            await anyio.wait_all_tasks_blocked()
            gates["one"].set()
            await anyio.to_thread.run_sync(peer.wait_for, Send, 32)
            gates["other"].set()
        for _ in range(2):
            tasks.start_soon(send, "late")
            await anyio.wait_all_tasks_blocked()
        gates["many"].set()
    assert frames_of_sends(peer) == [1, 1, 30, 2]


@pytest.mark.parametrize(
    "limits", [Limits(requests_per_frame=5), Limits(frame_bytes=2000), Limits(frame_bytes=600)]
)
async def test_frames_keep_the_limits_that_hello_told(folder: Path, limits: Limits) -> None:
    peer = Peer(folder, limits)
    peer.start()
    try:
        async with botbus.connect("planner", url=peer.url) as bus:
            assert len(await send_all(bus, 200)) == 200
    finally:
        peer.stop()
    assert max(frames_of_sends(peer)) <= limits.requests_per_frame
    for frame in peer.frames:
        ids = [send.id for send in frame if isinstance(send, Send)]
        assert ids == sorted(ids)  # in the order in which they were made
    assert peer.largest <= limits.frame_bytes


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1), st.integers(0, 40))
def test_as_many_leave_as_fit_and_are_of_an_age(waiting: list[tuple[int, int]], room: int) -> None:
    deadlines = accumulate((later for _, later in waiting), initial=waiting[0][1])
    nobody: Any = None
    parcels = [
        Parcel(Raw(b"x" * size), deadline, nobody)
        for (size, _), deadline in zip(waiting, deadlines, strict=False)
    ]
    latest = parcels[0].deadline + 5
    fit = that_fit(parcels, room, latest)
    assert fit >= 1
    assert fit == 1 or sum(len(parcel.request) for parcel in parcels[:fit]) <= room
    assert parcels[fit - 1].deadline <= latest
    if fit < len(parcels):
        more = sum(len(parcel.request) for parcel in parcels[: fit + 1])
        assert more > room or parcels[fit].deadline > latest


async def test_a_request_that_no_frame_can_hold_is_refused_here(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        with pytest.raises(botbus.TooLarge, match="a frame holds 1048576"):
            await bus.send("coder", "x" * 2_000_000)
        with pytest.raises(botbus.TooLarge):
            await bus.ask("coder", "x" * 2_000_000)
        await bus.send("coder", "the connection stands as before")
    assert len(peer.heard(Send)) == 1


async def test_one_refused_request_does_not_touch_its_neighbours(peer: Peer) -> None:
    def odd(send: Send) -> Receipt | Fault:
        if send.type == "bad":
            return Fault("conflict", "it exists and differs", {"id": send.id})
        return Receipt(id=send.id, seq=1, timestamp=NOW)

    peer.says[Send] = odd
    done: list[str] = []

    async def one(bus: botbus.Bus, kind: str) -> None:
        try:
            await bus.send("coder", {}, type=kind)
            done.append(kind)
        except botbus.Conflict as error:
            done.append(error.code)

    async with botbus.connect("planner", url=peer.url) as bus, anyio.create_task_group() as tasks:
        for kind in ["good", "bad"] * 10:
            tasks.start_soon(one, bus, kind)
    assert sorted(done) == ["conflict"] * 10 + ["good"] * 10


async def test_a_cancelled_send_leaves_the_others_alone(peer: Peer) -> None:
    gate = threading.Event()

    def hold(send: Send) -> Receipt:
        gate.wait(10)
        return peer.receipt(send)

    peer.says[Send] = hold
    async with botbus.connect("planner", url=peer.url) as bus:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.send, "coder", 1)
            tasks.start_soon(bus.send, "coder", 2)
            with anyio.move_on_after(0.05) as scope:
                await bus.send("coder", 3)
            assert scope.cancelled_caught
            gate.set()
        await bus.send("coder", 4)
