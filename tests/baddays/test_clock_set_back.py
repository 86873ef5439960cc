"""The machine's clock is set back by an hour: order, leases, delays and sleeps hold."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import botbus
from botbus_storage.clock import PACE, Clock
from tests.baddays.faults import FaultyDaemon, needs_compiler
from tests.daemon.plain import Plain
from tests.waiting import until

HOUR = 3600
SOON = 0.6
"""Seconds of the delays; far from an hour, and from nothing."""
LATE = 5.0
"""Seconds by which something may come too late on a machine that is busy."""


class Times:
    """A machine's clock and a monotonic one, both set by hand."""

    def __init__(self) -> None:
        self.machine = 1_000_000.0
        self.passed = 0.0
        self.clock = Clock(lambda: self.machine, lambda: self.passed)

    def wait(self, seconds: float) -> float:
        self.machine += seconds
        self.passed += seconds
        return self.clock()


def test_the_clock_is_the_machines_as_long_as_that_goes_on() -> None:
    times = Times()
    assert times.clock() == times.machine
    times.machine += HOUR  # set forward, or the machine slept
    assert times.wait(5) == times.machine


def test_set_back_it_goes_on_slower_until_they_agree() -> None:
    times = Times()
    before = times.clock()
    times.machine -= 100
    assert times.clock() == before
    assert times.wait(10) == pytest.approx(before + 10 * PACE)
    assert times.wait(100 / (1 - PACE)) == times.machine
    assert times.wait(1) == times.machine


def test_after_a_restart_it_goes_on_from_what_was_written() -> None:
    times = Times()
    times.clock.not_before(times.machine + 50)
    assert times.wait(1) == pytest.approx(times.machine + 49 + PACE)


def test_it_tells_once_that_it_was_set_back(caplog: pytest.LogCaptureFixture) -> None:
    times = Times()
    times.clock()
    times.machine -= 100
    for _ in range(5):
        times.wait(1)
    assert caplog.text.count("100 seconds behind") == 1


@pytest.fixture
def bots(faulty: FaultyDaemon) -> Iterator[tuple[Plain, Plain]]:
    with Plain(faulty, "writer") as writer, Plain(faulty, "reader") as reader:
        reader.ok("hello")
        yield writer, reader


class Stopwatch:
    """It must be about so many seconds, not none and not an hour."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def expect(self, seconds: float) -> None:
        passed = time.monotonic() - self._begun
        assert seconds * 0.9 < passed < seconds / PACE + LATE


@needs_compiler
def test_messages_stay_in_order(faulty: FaultyDaemon, bots: tuple[Plain, Plain]) -> None:
    writer, reader = bots
    receipts = [writer.send("reader", 1)]
    faulty.set_clock(-HOUR)
    receipts += [writer.send("reader", 2)]
    assert faulty.stop() == 0
    faulty.start()
    receipts += [writer.send("reader", 3)]
    stamps = [receipt["timestamp"] for receipt in receipts]
    assert stamps == sorted(stamps)
    assert [d["message"]["body"] for d in reader.fetch()] == [1, 2, 3]
    assert faulty.log().count("seconds behind") == 2, "once a start"


@needs_compiler
@pytest.mark.parametrize("when", ["before", "after"])
def test_delays_are_as_long_as_they_were_said_to_be(
    faulty: FaultyDaemon, bots: tuple[Plain, Plain], when: str
) -> None:
    writer, reader = bots
    if when == "after":
        faulty.set_clock(-HOUR)
    watch = Stopwatch()
    writer.send("reader", "late", delay=SOON)
    writer.send("reader", "mortal", ttl=60)
    if when == "before":
        faulty.set_clock(-HOUR)
    (mortal,) = reader.fetch(max=1)
    assert mortal["message"]["body"] == "mortal"
    (late,) = reader.fetch(max=1)
    watch.expect(SOON)
    assert late["message"]["body"] == "late"
    watch = Stopwatch()
    reader.settle("nak", late, delay=SOON)
    (late,) = reader.fetch(max=1)
    watch.expect(SOON)


@needs_compiler
@pytest.mark.parametrize("shift", [-HOUR, HOUR])
def test_leases_last_as_long_as_they_were_said_to(
    faulty: FaultyDaemon, bots: tuple[Plain, Plain], shift: int
) -> None:
    writer, reader = bots
    writer.send("reader", "work")
    watch = Stopwatch()
    (held,) = reader.fetch(lease=1.0)
    faulty.set_clock(shift)
    (again,) = reader.fetch()
    watch.expect(1.0)
    assert again["attempt"] == 2
    assert reader.settle("ack", again) == {"kind": "done"}
    assert reader.refused("ack", held)["code"] == "lease_lost"


async def is_paused(bus: botbus.Bus, run: str) -> bool:
    return (await bus.runs.get(run)).status == "paused"


@needs_compiler
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_sleeps_as_long_as_it_was_told_to(folder: Path, shim: Path, when: str) -> None:
    @botbus.workflow("sleeper", version="1")
    async def sleeper(run: botbus.Run) -> str:
        if when == "after":
            daemon.set_clock(-HOUR)
        await run.sleep("doze", SOON)
        return "awake"

    with FaultyDaemon(folder, shim) as daemon:
        async with botbus.connect("sleepy", url=daemon.url) as bus:
            worker = await bus.work(sleeper)
            watch = Stopwatch()
            run = await bus.start("sleeper", {})
            if when == "before":
                await until(partial(is_paused, bus, run.id))
                daemon.set_clock(-HOUR)
            assert await run.result(timeout=20) == "awake"
            watch.expect(SOON)
            await worker.stop()
