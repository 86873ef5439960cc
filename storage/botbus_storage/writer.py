"""The single writer: a queue of operations, many in one commit, answers only afterwards.

What one turn of the event loop brings is one batch; what one caller brings, if that is enough. A brief
one, while the disk is quick, is committed in that turn: to hand it to a thread and back takes longer,
and two threads that both run Python hold each other up (docs/performance.md). Anything else is drained
by the connection's own thread, so that the loop goes on; what comes meanwhile is the next batch. Both
never work at the same time.

"Durable before reply" lives here and in the engine: who wrote is told after the commit that holds his
operations, in commit order, and by nothing else.
"""

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from operator import call
from time import monotonic

from botbus_protocol.errors import Code, Fault
from botbus_storage.commits import Commits
from botbus_storage.connection import WorkerConnection
from botbus_storage.engine import Engine, Group, Result
from botbus_storage.operations import (
    MoveCursors,
    Operation,
    RecordDelivery,
    SaveMessage,
    SaveMessages,
    SeeBot,
    SettleUnknown,
)
from botbus_storage.workflow_operations import (
    BeginStep,
    ClaimRuns,
    CreateRun,
    FinishStep,
    SuspendRun,
    UpdateRunStatus,
)

logger = logging.getLogger(__name__)

MOST_IN_BATCH = 2048
"""What is asked for in one transaction at the most; it bounds how long the others wait."""
RUN_WEIGHT = 16
WEIGHTS: dict[type[Operation], int] = {
    SaveMessage: 1,
    SaveMessages: 1,
    RecordDelivery: 1,
    SettleUnknown: 1,
    MoveCursors: 1,
    SeeBot: 1,
    BeginStep: 1,
    FinishStep: 1,
    CreateRun: RUN_WEIGHT,
    ClaimRuns: RUN_WEIGHT,
    UpdateRunStatus: RUN_WEIGHT,
    SuspendRun: RUN_WEIGHT,
}
"""What operations cost that are brief, in the cost of writing a message, for each that is asked for."""
BRIEF_BATCH = 1024
"""What the event loop commits itself may weigh this much at the most."""
LONG = BRIEF_BATCH + 1
"""What any other operation weighs."""
ENOUGH = 16
"""So much together is worth a commit of its own: its caller goes on while the next is looked at."""
BRISK = 0.003
BRISK_EACH = 0.00002
"""Seconds that a commit may take, and for each message in it, for the loop to make the next one."""

Then = Callable[[list[Result]], None]
Waiting = tuple[Group, Then, int, int]
"""With how much the group asks for, and what it weighs."""


class Writer:
    """Accepts operations on the event loop, executes them there or in the connection's thread."""

    def __init__(
        self,
        connection: WorkerConnection,
        engine: Engine,
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiting] = deque()
        self._lock = threading.Lock()
        self._draining = False
        """Whether a batch is under way, or is about to be; of the loop alone."""
        self._weight = 0
        """Of all that is in the queue."""
        self._brisk = True
        """Whether the last commit was quick."""
        self.commits = Commits()
        self.on_commit: Callable[[], None] = _nobody_listens
        """Called on the loop when something was written and those who wait have been told."""

    def write(self, operations: Sequence[Operation], then: Then, *, atomic: bool = False) -> None:
        """Calls `then` on the loop with the results, one an operation, when they are on disk.

        That may be before this returns.
        """
        count, weight = _size_of(operations)
        with self._lock:
            self._queue.append((Group(operations, atomic), then, count, weight))
            self._weight += weight
            if self._draining:
                return
            self._draining = True
        if count < ENOUGH:
            self._loop.call_soon(self._begin)
        else:
            self._begin()

    def submit(
        self, operations: Sequence[Operation], *, atomic: bool = False
    ) -> "asyncio.Future[list[Result]]":
        """A future of the results; it resolves when they are on disk."""
        future: asyncio.Future[list[Result]] = self._loop.create_future()
        self.write(operations, partial(_resolve, future), atomic=atomic)
        return future

    async def idle(self) -> None:
        """Returns when everything submitted so far is on disk."""
        while self._queue or self._draining:
            await self._connection.run(_nothing)  # the thread does one thing after the other

    def _begin(self) -> None:
        """Commits what is there by now, or has the thread do it."""
        if self._weight > BRIEF_BATCH or not self._brisk:
            self._connection.post(self._drain)
            return
        batch = list(self._queue)  # without the lock: the thread is not at work
        self._queue.clear()
        self._weight = 0
        self._commit(batch, call)
        self._draining = bool(self._queue)
        if self._draining:
            self._loop.call_soon(self._begin)

    def _drain(self) -> None:
        while batch := self._take():
            self._commit(batch, self._loop.call_soon_threadsafe)
        self._loop.call_soon_threadsafe(self._drained)

    def _drained(self) -> None:
        """The thread is done, and whoever waited for it has been told: not before that may the loop
        commit, or who wrote later would be told first.
        """
        self._draining = bool(self._queue)
        if self._draining:
            self._begin()

    def _commit(self, batch: list[Waiting], by: Callable[..., object]) -> None:
        """Executes a batch; then those who wait are called `by` this."""
        begun = monotonic()
        groups, _, counts, weights = zip(*batch, strict=True)
        try:
            results = self._engine.execute(groups)
        except BaseException as error:  # noqa: BLE001 - a defect: everybody who waits is told
            by(self._fail, batch, error)
        else:
            seconds = monotonic() - begun
            self._brisk = seconds <= BRISK + BRISK_EACH * sum(weights)
            self.commits.done(seconds, sum(counts), self._engine.trouble, self._engine.sync_seconds)
            by(self._tell, batch, results)

    def _take(self) -> list[Waiting]:
        """The next batch of the thread."""
        with self._lock:
            batch: list[Waiting] = []
            size = 0
            while self._queue and size < MOST_IN_BATCH:
                batch.append(self._queue.popleft())
                size += batch[-1][2]
            if not self._queue:
                self._weight = 0
            return batch

    def _tell(self, batch: list[Waiting], results: list[list[Result]]) -> None:
        _tell(batch, results)
        if any(results):
            try:
                self.on_commit()
            except Exception:
                logger.exception("who listens to commits failed")

    def _fail(self, batch: list[Waiting], error: BaseException) -> None:
        logger.error("a batch of operations failed unexpectedly", exc_info=error)
        if self._on_failure is not None:
            self._on_failure(error)
        fault = Fault(Code.INTERNAL.value, f"the daemon could not carry this out: {error!r}")
        _tell(batch, [[fault] * len(group.operations) for group, _, _, _ in batch])


def _size_of(operations: Sequence[Operation]) -> tuple[int, int]:
    """How much they ask for, and what they weigh."""
    count = weight = 0
    for operation in operations:
        each = len(operation.ids) if type(operation) is SaveMessages else 1
        count += each
        weight += each * WEIGHTS.get(type(operation), LONG)
    return count, weight


def _nobody_listens() -> None:
    """What is called as long as nobody wants to know."""


def _nothing(_: sqlite3.Connection) -> None:
    """What the thread is asked to do to learn that it has done everything else."""


def _tell(batch: list[Waiting], results: list[list[Result]]) -> None:
    for (_, then, _, _), result in zip(batch, results, strict=True):
        try:
            then(result)
        except Exception:
            logger.exception("what is on disk could not be told")


def _resolve(future: "asyncio.Future[list[Result]]", results: list[Result]) -> None:
    if not future.done():
        future.set_result(results)
