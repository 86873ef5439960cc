"""One run in the hands of this worker, from the claim to its end, its suspension or its loss.

The function is called in a cancel scope of its own. Whatever takes the run away (a lost lease, a pause,
a cancel, the suspension of a run that only waits) cancels that scope; what the function does then has
no effect any more. Only an end that the daemon has confirmed is an `outcome`.
"""

import logging
import time
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import anyio
from anyio import CancelScope
from msgspec import Struct

from botbus.errors import BusError
from botbus.runs import steps_of
from botbus.transport import Transport
from botbus.values import packed, packed_plain
from botbus.workflows.context import Context
from botbus.workflows.definition import Workflow
from botbus.workflows.errors import Gone, text_of
from botbus.workflows.failing import is_failure
from botbus.workflows.grip import PASSING, PAUSE, Grip
from botbus.workflows.memo import Memo, is_end
from botbus.workflows.slow_steps import SlowSteps
from botbus.workflows.waits import Waits, patience
from botbus_protocol import records
from botbus_protocol.records import ClaimedRun, Step
from botbus_protocol.replies import RunReply
from botbus_protocol.requests import MAX_ERROR, SuspendRun, UpdateRunStatus
from botbus_protocol.timestamps import to_epoch

logger = logging.getLogger("botbus.workflows")


class Outcome(Struct, frozen=True):
    """How a run ended here: with a plain value, or with an error."""

    value: Any = None
    error: str | None = None


class Surroundings:
    """What the runs of a worker share."""

    def __init__(
        self,
        transport: Transport,
        lease: float,
        spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        crowded: Callable[[], bool],
        limiter: anyio.CapacityLimiter,
        id_of: Callable[[Workflow[Any]], str | None],
    ) -> None:
        self.transport = transport
        self.lease = lease
        self.spawn = spawn
        """Starts a task that lives as long as the worker."""
        self.crowded = crowded
        """Whether all slots are taken."""
        self.limiter = limiter
        """Of threads for plain functions."""
        self.id_of = id_of
        """The id of a workflow that the worker works on; None for another."""
        self.slow = SlowSteps(transport)


class Execution:
    """Call `perform` once."""

    def __init__(
        self, surroundings: Surroundings, workflow: Workflow[Any], claimed: ClaimedRun
    ) -> None:
        run = claimed.run
        self.surroundings = surroundings
        self.workflow = workflow
        self.record: records.Run = run
        self.memo = Memo(claimed.steps)
        last = claimed.steps[-1].seq if claimed.steps else 0
        self._read_after = last if claimed.more_steps else None
        self.context = Context(run.context if claimed.base is None else claimed.base)
        self.waits = Waits()
        self.outcome: Outcome | None = None
        self.ended = anyio.Event()
        """Set when nothing of it runs any more, however it ended."""
        self._scope = CancelScope()
        self._letting_go = False
        self._retry_in: float | None = None
        self._watched = False
        self._quiet: anyio.Event | None = None
        """Set when no branch works any more, if somebody waits for that."""
        self._arrivals: dict[str, Any] = {}
        self._early: dict[str, Step] = {}
        self._heard = 0
        self._waited_for: set[str] = set()
        """Steps that wait as far as is known here, even if the branch is not there any more."""
        touched = monotonic() - _age(claimed.lease_expires_at, surroundings.lease)
        self.grip = Grip(
            surroundings.transport,
            run.id,
            claimed.lease,
            surroundings.lease,
            touched,
            self._scope.cancel,
        )

    # Branches

    def busy(self) -> None:
        """A branch works."""
        self.waits.busy += 1
        self.waits.stirs += 1

    def rests(self) -> None:
        """A branch has worked."""
        self.waits.busy -= 1
        if self._quiet is not None and not self.waits.busy:
            self._quiet.set()

    async def arrival(self, step: str, kind: str, seconds: float | None) -> Step:
        """Waits until what a step waits for has come; its finished row."""
        if (early := self._early.pop(step, None)) is not None:
            return early
        promise = self.surroundings.transport.loop.promise()
        self._arrivals[step] = promise
        self._waited_for.add(step)
        crowded = self.surroundings.crowded()
        self.waits.begin(step, patience(kind, seconds, crowded=crowded))
        self._watch()
        try:
            found: Step = await promise
            self._waited_for.discard(step)
        finally:
            self.waits.end(step)
            self._arrivals.pop(step, None)
        return found

    async def pause(self, step: str, seconds: float) -> None:
        """A branch waits for a time of its own, and needs no slot for it."""
        self.waits.begin(step, 0.0, monotonic() + seconds)
        self._watch()
        try:
            await anyio.sleep(seconds)
        finally:
            self.waits.end(step)

    def arrived(self, step: Step) -> None:
        """The daemon tells that a step was finished by what it waited for."""
        if self._letting_go:
            return
        self._heard += 1
        self.waits.stirs += 1
        promise = self._arrivals.get(step.step_id)
        if promise is None:
            self._early[step.step_id] = step
        elif not promise.done() and is_end(step):
            promise.set_result(step)

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            self.surroundings.spawn(self._let_go_when_idle)

    async def _let_go_when_idle(self) -> None:
        """Cancels the function when all its branches wait and patience is over."""
        waits = self.waits
        try:
            while waits.waiting and not self.grip.over and not self.ended.is_set():
                stirs = waits.stirs
                if waits.busy:
                    self._quiet = anyio.Event()
                    await self._quiet.wait()
                    continue
                await anyio.sleep(waits.left)
                if waits.idle and waits.stirs == stirs and not self.grip.over:
                    self._retry_in = waits.retry_in
                    self._letting_go = True
                    self._scope.cancel()
                    return
        finally:
            self._watched = False

    # From the beginning to the end

    async def perform(self, run: Any, after: anyio.Event | None = None) -> None:
        """Calls the function, after that event, and tells its end. Raises only cancellation."""
        try:
            await self._perform(run, after)
        except Gone:
            return
        finally:
            self.ended.set()
            if self._quiet is not None:
                self._quiet.set()

    async def _perform(self, run: Any, after: anyio.Event | None) -> None:
        outcome = None
        try:
            if after is not None:
                await after.wait()
            with self._scope:
                await self._read_on()
                outcome = await self._called(run)
            if self._letting_go:
                await self._let_go()
            elif outcome is not None and not self.grip.over:
                await self._end(outcome)
        except anyio.get_cancelled_exc_class():
            self._give_back()
            raise

    async def _read_on(self) -> None:
        """Reads the steps that did not come with the claim."""
        if self._read_after is None:
            return
        transport = self.surroundings.transport
        while True:
            try:
                rows = await steps_of(transport, self.record.id, False, after=self._read_after)
            except PASSING:
                await anyio.sleep(PAUSE)
            else:
                self.memo.add(rows)
                return

    async def _called(self, run: Any) -> Outcome | None:
        """What came of the function; None if the run has gone meanwhile."""
        try:
            value = await self.workflow.function(run)
            stored, _ = self.workflow.shape.taken(value, f"the result of {self.workflow.name}")
            return Outcome(stored)
        except Gone:
            return None
        except BaseExceptionGroup as group:
            if group.subgroup((KeyboardInterrupt, SystemExit)) is not None:
                raise
            return self._failed(group)
        except BaseException as error:
            if not is_failure(error):
                raise
            return self._failed(error)

    def _failed(self, error: BaseException) -> Outcome | None:
        if self.grip.over or self._letting_go:
            return None
        logger.error("run %s of %s failed", self.record.id, self.workflow.name, exc_info=error)
        return Outcome(error=text_of(error)[:MAX_ERROR])

    async def _end(self, outcome: Outcome) -> None:
        """Tells the end; a result that cannot be stored makes it a failure."""
        try:
            await self.grip.call(self._ending(outcome), RunReply)
        except BusError as error:
            outcome = Outcome(error=text_of(error)[:MAX_ERROR])
            await self.grip.call(self._ending(outcome), RunReply)
        self.grip.over = True
        self.outcome = outcome

    def _ending(self, outcome: Outcome) -> UpdateRunStatus:
        failed = outcome.error is not None
        whole = self.context.whole() if self.context.changes and not failed else None
        return UpdateRunStatus(
            id=self.record.id,
            status="failed" if failed else "completed",
            error=outcome.error,
            result=packed_plain(outcome.value, "the result"),
            context=packed(whole, "context"),
            lease=self.grip.lease,
        )

    async def _let_go(self) -> None:
        """Lets go of a run whose branches all wait."""
        await self.grip.call(self._suspension(self._retry_in), RunReply)
        self.grip.over = True

    def _give_back(self) -> None:
        """This worker ends: somebody else goes on."""
        if self.grip.over:
            return
        self.grip.over = True
        at_once = 0.0 if self._waited_for else None
        self.grip.post(self._suspension(at_once))

    def _suspension(self, retry_in: float | None) -> SuspendRun:
        run, lease = self.record.id, self.grip.lease
        return SuspendRun(id=run, lease=lease, retry_in=retry_in, heard=self._heard)


def _age(lease_expires_at: str, seconds: float) -> float:
    """Seconds since the daemon gave a lease, from when it says that it ends."""
    left = to_epoch(lease_expires_at) - time.time()
    return max(0.0, seconds - left)
