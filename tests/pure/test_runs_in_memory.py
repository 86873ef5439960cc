"""Leases, parked claims, notices and the alarm, each by itself on an event loop."""

import asyncio

import pytest
import uvloop

from botbus_daemon.presence import Connection, Peer, Session
from botbus_daemon.runs.alarm import Alarm
from botbus_daemon.runs.claims import Claimer, Claims, Grant, Offer
from botbus_daemon.runs.leases import Held, Leases
from botbus_daemon.runs.notices import Notices
from botbus_protocol import timestamps
from botbus_protocol.records import Notice, Run


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def session() -> Session:
    return Session(Connection(1, Peer(uid=1, gid=1, pid=1)), "B", "bot")


def run(number: int) -> Run:
    return Run(
        seq=number, id=str(number), workflow_id="W", workflow="w", version="1", status="running"
    )


# Leases


async def test_a_lease_ends_at_its_deadline_unless_it_is_touched() -> None:
    ended: asyncio.Queue[list[Held]] = asyncio.Queue()
    leases, holder = Leases(ended.put_nowait), session()
    loop = asyncio.get_running_loop()
    began = loop.time()
    leases.hold("kept", "1.1", holder, 0.15)
    leases.hold("lost", "1.2", holder, 0.1)
    await asyncio.sleep(0.05)
    leases.touch("kept", "1.1")
    leases.touch("lost", "1.9")  # another's lease
    (first,) = await ended.get()
    (second,) = await ended.get()
    assert (first.run_id, second.run_id) == ("lost", "kept")
    assert loop.time() - began >= 0.2
    assert len(leases) == 0


async def test_a_lease_may_be_shortened() -> None:
    ended: asyncio.Queue[list[Held]] = asyncio.Queue()
    leases = Leases(ended.put_nowait)
    leases.hold("r", "1.1", session(), 300.0)
    assert leases.extend("r", "1.1", 0.05)
    assert not leases.extend("r", "1.2", 0.05)
    (held,) = await asyncio.wait_for(ended.get(), 5.0)
    assert held.run_id == "r"


def test_a_lease_that_is_due_at_once_is_in_nobodys_way() -> None:
    """The daemon's own event loop has no timer for what is due within half a millisecond."""

    async def hold_two() -> list[str]:
        ended: asyncio.Queue[list[Held]] = asyncio.Queue()
        leases, holder = Leases(ended.put_nowait), session()
        leases.hold("first", "1.1", holder, 0.0001)
        leases.hold("second", "1.2", holder, 0.01)
        return [held.run_id for _ in range(2) for held in await asyncio.wait_for(ended.get(), 5.0)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(hold_two()) == ["first", "second"]


async def test_what_a_connection_holds_goes_with_it() -> None:
    leases, one, other = Leases(lambda _: None), session(), session()
    leases.hold("a", "1.1", one, 30.0)
    leases.hold("b", "1.2", other, 30.0)
    leases.hold("b", "1.3", one, 30.0)  # it was lost and claimed anew
    assert leases.lease_of(one.connection, "b") == "1.3"
    assert leases.lease_of(other.connection, "b") is None
    assert leases.held_by(other) == []
    assert [held.run_id for held in leases.close_session(one)] == ["a", "b"]
    assert leases.drop("a", "1.1") is None
    leases.close()


# Claims


class Disk:
    """Runs by workflow, as a claim finds them; `gate` holds claims up while it is closed."""

    def __init__(self) -> None:
        self.ready: dict[str, list[Run]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.looks = 0
        self.given_back: list[str] = []

    async def attempt(self, claimer: Claimer, offers: tuple[Offer, ...]) -> list[Grant]:
        self.looks += 1
        found: list[Grant] = []
        for workflow, _ in offers:
            ready = self.ready.get(workflow, [])
            while ready and len(found) < claimer.max:
                found.append(Grant(ready.pop(0), "1.1"))
        await self.gate.wait()
        return found

    def give_back(self, grants: list[Grant]) -> None:
        self.given_back += [grant.run.id for grant in grants]


def claimer(*workflows: str, most: int = 1) -> Claimer:
    return Claimer(session(), [(name, "1") for name in workflows], most, 30.0, "")


async def test_who_came_first_is_served_first() -> None:
    disk = Disk()
    claims = Claims(disk.attempt, disk.give_back)
    waiting = [claimer("w") for _ in range(3)]
    for one in waiting:
        await claims.look(one)
    disk.ready["w"] = [run(1), run(2)]
    claims.wake(["w"])
    first, second = [(await one.future)[0].run.id for one in waiting[:2]]
    assert (first, second) == ("1", "2")
    assert not waiting[2].future.done()


async def test_those_who_offer_something_else_are_left_alone() -> None:
    disk = Disk()
    claims = Claims(disk.attempt, disk.give_back)
    for one in (other := claimer("other"), claimer("w"), claimer("w")):
        await claims.look(one)
    looks = disk.looks
    claims.wake(["w"])
    await asyncio.sleep(0.01)
    assert disk.looks == looks + 1, "the second would find nothing either"
    assert not other.future.done()


async def test_what_becomes_ready_during_the_first_look_is_not_missed() -> None:
    disk = Disk()
    claims = Claims(disk.attempt, disk.give_back)
    disk.gate.clear()
    looking = asyncio.create_task(claims.look(one := claimer("w")))
    await asyncio.sleep(0)
    disk.ready["w"] = [run(1)]
    claims.wake(["w"])
    await asyncio.sleep(0)
    disk.gate.set()
    await looking
    (grant,) = await asyncio.wait_for(one.future, 5.0)
    assert grant.run.id == "1"


async def test_what_is_claimed_for_who_has_left_is_given_back() -> None:
    disk = Disk()
    claims = Claims(disk.attempt, disk.give_back)
    await claims.look(one := claimer("w", most=2))
    disk.gate.clear()
    disk.ready["w"] = [run(1), run(2)]
    claims.wake(["w"])
    await asyncio.sleep(0)
    claims.unpark(one)
    disk.gate.set()
    await asyncio.wait_for(one.future, 5.0)
    assert disk.given_back == ["1", "2"]
    assert one.future.result() == []


async def test_connected_workers_are_counted_by_version() -> None:
    disk = Disk()
    claims = Claims(disk.attempt, disk.give_back)
    one = claimer("w", "v")
    await claims.look(one)
    await claims.look(claimer("w"))
    assert claims.offers_of("w") == {"1": 2}
    claims.close_session(one.session)
    assert claims.offers_of("w") == {"1": 1}
    assert claims.offers_of("v") == {}


# Notices


async def test_notices_go_out_once_and_again_if_nobody_saw_them() -> None:
    told: list[Session] = []
    notices, worker = Notices(told.append), session()
    first, second = (Notice(run_id=str(n), lease="1.1", kind="ended") for n in range(2))
    notices.tell(worker, first)
    assert told == [worker]
    assert notices.take(worker, "t") == [first]
    assert not notices.any(worker)
    notices.tell(worker, second)
    notices.give_back(worker, "t")
    assert notices.take(worker, "u") == [first, second]
    notices.give_back(worker, "t")
    assert notices.take(worker, "v") == []
    worker.connection.closed = True
    notices.tell(worker, first)
    assert not notices.any(worker)


# The alarm


async def test_the_alarm_rings_once_for_the_earliest() -> None:
    rung: asyncio.Queue[float] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    base, began = 1_000_000.0, loop.time()
    alarm = Alarm(lambda: rung.put_nowait(loop.time()), lambda: base + loop.time() - began)
    for seconds in (300.0, 0.1, 0.2):
        alarm.at(timestamps.from_epoch(base + seconds))
    alarm.at(None)
    assert 0.09 <= await rung.get() - began < 1.0
    await asyncio.sleep(0.15)
    assert rung.empty(), "it is told anew what comes next"
    alarm.close()


async def test_the_alarm_follows_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botbus_daemon.runs.alarm.LOOK_AGAIN", 0.02)
    rung = asyncio.Event()
    shift = [1_000_000.0]
    alarm = Alarm(rung.set, lambda: shift[0])
    alarm.at(timestamps.from_epoch(1_000_300.0))
    await asyncio.sleep(0.06)
    assert not rung.is_set()
    shift[0] += 300.0
    await asyncio.wait_for(rung.wait(), 5.0)
