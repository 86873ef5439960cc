"""Works on runs: claims as many as there are slots, keeps their leases, hears what befalls them.

A worker lives as long as its bus, through restarts of the daemon, until it is stopped. What goes wrong
in a run is the run's failure; only what makes all further work pointless (the daemon refuses this bot,
say) ends the worker, and `wait` raises it.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus

from botbus.transport import Transport
from botbus.workflows.claims import claimed
from botbus.workflows.definition import Workflow
from botbus.workflows.execution import Execution, Surroundings
from botbus.workflows.grip import PASSING, PAUSE
from botbus.workflows.run import Run
from botbus_protocol.records import ClaimedRun, Notice
from botbus_protocol.replies import Claimed, Extended, RunReply
from botbus_protocol.requests import MAX_WORKFLOWS, ExtendRuns, Offer, SuspendRun

logger = logging.getLogger("botbus.workflows")

BEATS = 3
"""How often a lease is extended in its time."""
THREADS = 40
"""Plain functions that run at a time, at least."""

Save = Callable[[Workflow[Any]], Awaitable[str]]
"""Sees to it that a workflow is saved; its id."""


class Worker:
    """Made by `bus.work`."""

    def __init__(
        self,
        transport: Transport,
        workflows: dict[str, Workflow[Any]],
        save: Save,
        concurrency: int,
        lease: float,
    ) -> None:
        self._transport = transport
        self._workflows = workflows
        self._save = save
        self._by_id: dict[str, Workflow[Any]] = {}
        self._offers: list[Offer] = []
        self._prepared_on = 0
        """Which connection it was when the workflows were last seen to be saved."""
        self._polls: set[anyio.CancelScope] = set()
        self._concurrency = concurrency
        self.lease = lease
        """Seconds until a run of which the daemon hears nothing is offered to others."""
        self._held: dict[str, Execution] = {}
        """By lease."""
        self._newest: dict[str, Execution] = {}
        """Of them, for each run the last that was begun."""
        self._reserved = 0
        self._freed = anyio.Event()
        self._ended = anyio.Event()
        self._error: BaseException | None = None
        self._tasks: TaskGroup
        self._claiming = anyio.CancelScope()
        self._stopping = False
        self._surroundings = Surroundings(
            transport,
            lease,
            self._spawn,
            lambda: self._free <= 0,
            anyio.CapacityLimiter(max(THREADS, concurrency)),
            self.id_of,
        )

    async def wait(self) -> None:
        """Returns when the worker has ended. Raises what ended it, if it was not stopped."""
        await self._ended.wait()
        if self._error is not None:
            raise self._error

    async def stop(self, grace: float = 0.0) -> None:
        """Takes no more runs, and ends when those at hand have ended or wait.

        What still runs after `grace` seconds is given back, and goes on elsewhere after its last
        finished step.
        """
        self._stopping = True
        self._claiming.cancel()
        with anyio.move_on_after(grace):
            for execution in list(self._held.values()):
                await execution.ended.wait()
        if not self._ended.is_set():
            self._tasks.cancel_scope.cancel()
        await self._ended.wait()

    @property
    def running(self) -> list[str]:
        """The ids of the runs that are in its hands now."""
        return [execution.record.id for execution in self._held.values()]

    async def prepare(self) -> None:
        """Saves what is not saved yet. Raises BusError."""
        self._prepared_on = self._transport.connection
        self._by_id = {await self._save(one): one for one in self._workflows.values()}
        self._offers = [Offer(id=of, version=one.version) for of, one in self._by_id.items()]

    async def main(self, *, task_status: TaskStatus[None]) -> None:
        """Works until it is stopped or cancelled; to be run once, as a task."""
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._claim)
                self._tasks.start_soon(self._listen)
                self._tasks.start_soon(self._beat)
                task_status.started()
        except Exception as error:
            self._error = unwrapped(error)
            logger.exception("this worker has ended")
        finally:
            self._stopping = True
            self._surroundings.slow.close()
            self._ended.set()

    # Runs that are started on this bus, and run here without a claim

    def workflow(self, name: str, version: str | None) -> Workflow[Any] | None:
        """The workflow of that name, if a run of it that is started now may run here."""
        found = self._workflows.get(name)
        may = found is not None and version in {None, found.version}
        return found if may and not self._stopping and self._free > 0 else None

    def known(self, name: str) -> Workflow[Any] | None:
        return self._workflows.get(name)

    def id_of(self, workflow: Workflow[Any]) -> str | None:
        """The id of a workflow that is worked on here."""
        return next((of for of, one in self._by_id.items() if one is workflow), None)

    async def create(self, create: Callable[[], Awaitable[RunReply]]) -> RunReply:
        """Makes a run while a slot is kept for it."""
        self._reserved += 1
        try:
            return await create()
        finally:
            self._reserved -= 1
            self._freed.set()

    def adopt(self, reply: RunReply) -> Execution | None:
        """Begins with a run that is in these hands since it was made."""
        if reply.lease is None or reply.lease_expires_at is None:
            return None
        return self._begin(
            ClaimedRun(
                run=reply.run,
                lease=reply.lease,
                lease_expires_at=reply.lease_expires_at,
                more_steps=not reply.created,
            )
        )

    # Runs that are claimed

    @property
    def _free(self) -> int:
        return self._concurrency - len(self._held) - self._reserved

    async def _claim(self) -> None:
        with self._claiming:
            while True:
                while self._free <= 0:
                    self._freed = anyio.Event()
                    await self._freed.wait()
                await self._poll(self._free)

    async def _listen(self) -> None:
        """Hears what befalls the runs at hand, also when there is no slot free."""
        while True:
            await self._poll(0)

    async def _poll(self, most: int) -> None:
        with anyio.CancelScope() as scope:
            self._polls.add(scope)
            try:
                self._take(await claimed(self._transport, self._offers, most, self.lease))
            except PASSING:
                await anyio.sleep(PAUSE)
            finally:
                self._polls.discard(scope)

    async def _prepare_again(self) -> None:
        """After the connection broke, for the daemon may have come back with another database."""
        if self._prepared_on == self._transport.connection:
            return
        before = self._offers
        try:
            await self.prepare()
        except PASSING:
            return
        if self._offers != before:
            for scope in self._polls:
                scope.cancel()

    def _take(self, reply: Claimed) -> None:
        for notice in reply.notices:
            self._hear(notice)
        for run in reply.runs:
            self._begin(run)

    def _spawn(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.start_soon(task)

    def _begin(self, claim: ClaimedRun) -> Execution | None:
        workflow = self._by_id.get(claim.run.workflow_id)
        fits = workflow is not None and workflow.version == claim.run.version
        if workflow is None or not fits or self._stopping or self._free <= 0:
            back = SuspendRun(id=claim.run.id, lease=claim.lease, retry_in=0.0)
            self._transport.post(back)
            return None
        execution = Execution(self._surroundings, workflow, claim)
        before = self._newest.get(claim.run.id)
        self._held[claim.lease] = self._newest[claim.run.id] = execution
        self._tasks.start_soon(self._perform, execution, before)
        return execution

    async def _perform(self, execution: Execution, before: Execution | None) -> None:
        """Runs it once what had it here before has ended, which waits for what had it before that."""
        try:
            if before is not None:
                before.grip.lose()
            await execution.perform(Run(execution), before.ended if before is not None else None)
        finally:
            del self._held[execution.grip.lease]
            if self._newest.get(execution.record.id) is execution:
                del self._newest[execution.record.id]
            self._freed.set()

    def _hear(self, notice: Notice) -> None:
        execution = self._held.get(notice.lease)
        if execution is None:
            return
        if notice.kind == "ended":
            execution.grip.lose()
        elif notice.step is not None:
            execution.arrived(notice.step)

    # Leases

    async def _beat(self) -> None:
        """Extends, from this event loop, the leases of runs that had no checkpoint lately."""
        pause = self.lease / BEATS
        while True:
            await anyio.sleep(pause)
            await self._prepare_again()
            due = monotonic() - pause
            old = [held for held in self._held.values() if held.grip.touched <= due]
            for start in range(0, len(old), MAX_WORKFLOWS):
                await self._extend(old[start : start + MAX_WORKFLOWS])

    async def _extend(self, held: list[Execution]) -> None:
        leases = {one.record.id: one.grip.lease for one in held if not one.grip.over}
        sent = monotonic()
        try:
            reply = await self._transport.call(
                ExtendRuns(leases=leases, seconds=self.lease), Extended
            )
        except PASSING:
            return
        lost = set(reply.lost)
        for one in held:
            if one.record.id in lost and one.grip.lease == leases.get(one.record.id):
                one.grip.lose()
            else:
                one.grip.touched = max(one.grip.touched, sent)


def unwrapped(error: BaseException) -> BaseException:
    """The one exception in a group of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
