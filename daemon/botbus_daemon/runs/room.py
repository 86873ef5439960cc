"""Everything about runs that lives in this process, put together.

The database decides; what is here can be lost at any time and is made again at the next start. An
operation that the daemon itself has to get done is repeated until it is.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, TypeVar

from botbus_daemon.presence import Session
from botbus_daemon.runs.aftermath import Endings, carry_out
from botbus_daemon.runs.claims import Claimer, Claims, Grant, Offer
from botbus_daemon.runs.deadlines import Deadlines
from botbus_daemon.runs.fulfilment import Fulfilment
from botbus_daemon.runs.leases import Held, Leases
from botbus_daemon.runs.matching import MessageWait
from botbus_daemon.runs.notices import Notices
from botbus_daemon.runs.pruning import Pruning
from botbus_daemon.runs.schedules import Schedules
from botbus_daemon.runs.settings import WorkflowPolicy
from botbus_daemon.runs.system import make_system_channel
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.records import Notice
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations import (
    NOTHING,
    Aftermath,
    ClaimedRuns,
    ClaimRuns,
    CrashRuns,
    Moved,
    RecoverRuns,
    UnclaimRuns,
    aftermath_of,
)

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_DELAY = 1.0
"""Seconds until what could not be written is tried again."""
MOST_AT_ONCE = 1000
"""Runs that one claim gets, at most."""


class Runs:
    """The room of a broker."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self.leases = Leases(self._expired)
        self.notices = Notices(self._noticed)
        self.claims = Claims(self._claim, self.give_back)
        self.endings = Endings()
        self.waits = Fulfilment(broker, self)
        self.deadlines = Deadlines(self)
        self.schedules = Schedules(broker, self)
        self.pruning = Pruning(broker, self)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def policy(self) -> WorkflowPolicy:
        return self._broker.settings.workflows

    # Beginning and end

    async def start(self) -> None:
        """Takes over from the daemon before: whoever held a run holds it no more."""
        await make_system_channel(self._broker)
        await self.do(RecoverRuns(most_crashes=self.policy.most_crashes), Moved)
        await self.deadlines.errand.do_now()
        waits = await self._broker.store.runs.open_waits()
        self.waits.load([MessageWait.of(wait) for wait in waits])
        await self.schedules.errand.do_now()
        self.pruning.errand.in_seconds(0.0)

    async def close(self) -> None:
        self.leases.close()
        for part in (self.deadlines, self.schedules, self.pruning):
            await part.errand.close()
        await self.claims.close()
        await self.waits.close()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    # Getting things done

    async def do(self, operation: Operation, outcome: type[T]) -> T:
        """Carries out an operation of the daemon's own and what follows from it, however often the disk
        refuses. Raises Refused if it is the operation that is refused.
        """
        while True:
            (result,) = await self._broker.store.submit([operation])
            if isinstance(result, outcome):
                self.follow(aftermath_of(result))
                self._broker.serve_woken()
                return result
            assert isinstance(result, Fault)
            if result.code not in {Code.STORAGE_FULL, Code.STORAGE_FAILED, Code.INTERNAL}:
                raise Refused(Code(result.code), result.message, **(result.details or {}))
            if self._broker.closing.done():
                raise Refused(Code.SHUTTING_DOWN, result.message)
            logger.warning("%s is tried again: %s", type(operation).__name__, result.message)
            await asyncio.sleep(RETRY_DELAY)

    def do_soon(self, operation: Operation) -> None:
        """Has an operation carried out of which nobody awaits the outcome."""
        self._start(self._do(operation))

    async def _do(self, operation: Operation) -> None:
        with contextlib.suppress(
            Refused
        ):  # it does not stop for anything but the end of the daemon
            await self.do(operation, Moved)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def follow(self, aftermath: Aftermath) -> None:
        """Does what follows from an operation that is on disk."""
        if aftermath is not NOTHING:
            carry_out(self._broker, self, aftermath)

    # Claims

    async def _claim(self, claimer: Claimer, offers: tuple[Offer, ...]) -> list[Grant]:
        session = claimer.session
        most = min(claimer.max, MOST_AT_ONCE)
        operation = ClaimRuns(
            offers=offers,
            leases=tuple(self._broker.next_lease() for _ in range(most)),
            bot_id=session.bot_id,
            holder_pid=session.connection.peer.pid,
        )
        (result,) = await self._broker.store.submit([operation])
        if isinstance(result, Fault):
            raise Refused(Code(result.code), result.message, **(result.details or {}))
        assert isinstance(result, ClaimedRuns)
        for run, lease in result.runs:
            self.leases.hold(run.id, lease, session, claimer.lease, claimer.ticket)
        self.follow(result.aftermath)
        return [Grant(run, lease) for run, lease in result.runs]

    def hold(self, run_id: str, lease: str, session: Session, seconds: float) -> None:
        """A run was claimed for a session, by another way than a claim."""
        if session.closed:
            self.do_soon(UnclaimRuns(((run_id, lease),)))
        else:
            self.leases.hold(run_id, lease, session, seconds)

    def give_back(self, grants: Iterable[Grant | Held]) -> None:
        """Runs that were claimed and that nobody came to see."""
        leases = tuple(_run_and_lease(grant) for grant in grants)
        for run_id, lease in leases:
            self.leases.drop(run_id, lease)
        if leases:
            self.do_soon(UnclaimRuns(leases))

    # Losses

    def disconnected(self, session: Session) -> None:
        """The connection of a session is gone: what it held is offered to others."""
        self.claims.close_session(session)
        self.notices.close_session(session)
        if held := self.leases.close_session(session):
            self.do_soon(self._crash(held, "the connection of its worker ended"))

    def _expired(self, held: list[Held]) -> None:
        """Their workers said nothing for too long; if they are there after all, they are told."""
        self._start(self._expire(held))

    async def _expire(self, held: list[Held]) -> None:
        await self._do(self._crash(held, "its worker said nothing until the lease ended"))
        for one in held:
            notice = Notice(run_id=one.run_id, lease=one.lease, kind="ended", status="crashed")
            self.notices.tell(one.session, notice)

    def _crash(self, held: list[Held], why: str) -> CrashRuns:
        leases = tuple(_run_and_lease(one) for one in held)
        return CrashRuns(leases, why, self.policy.most_crashes)

    def _noticed(self, session: Session) -> None:
        for claimer in self.claims.parked_by(session):
            claimer.end()


def _run_and_lease(of: Grant | Held) -> tuple[str, str]:
    return (of.run.id if isinstance(of, Grant) else of.run_id), of.lease
