"""The single writer: a queue of operations, many in one commit, answers only afterwards.

While one batch is on its way to the disk the next one fills. A drain runs in the connection's own
thread for as long as there is work, so that a commit costs one hop and the event loop is never in
the way. "Durable before reply" lives here and in the engine: a future resolves after the commit that
holds its operations, and nothing else resolves it.
"""

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence

from botbus_protocol.errors import Code, Fault
from botbus_storage.connection import WorkerConnection
from botbus_storage.engine import Engine, Group, Result
from botbus_storage.operations import Operation

logger = logging.getLogger(__name__)

MOST_IN_BATCH = 2048
"""Operations in one transaction at the most; it bounds how long the others wait."""

Waiting = tuple[Group, "asyncio.Future[list[Result]]"]


class Writer:
    """Accepts operations on the event loop, executes them in the connection's thread."""

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
        self.commits = 0
        self.operations = 0

    def submit(
        self, operations: Sequence[Operation], *, atomic: bool = False
    ) -> "asyncio.Future[list[Result]]":
        """A future of the results, one an operation; it resolves when they are on disk."""
        future: asyncio.Future[list[Result]] = self._loop.create_future()
        with self._lock:
            self._queue.append((Group(operations, atomic), future))
            if self._draining:
                return future
            self._draining = True
        self._connection.post(self._drain)
        return future

    async def idle(self) -> None:
        """Returns when everything submitted so far is on disk."""
        while self._queue or self._draining:
            await self._connection.run(_nothing)  # the thread does one thing after the other

    def _drain(self) -> None:
        while batch := self._take():
            try:
                results = self._engine.execute([group for group, _ in batch])
            except BaseException as error:  # noqa: BLE001 - a defect: everybody who waits is told
                self._loop.call_soon_threadsafe(self._fail, batch, error)
                continue
            self.commits += 1
            self._loop.call_soon_threadsafe(_resolve, batch, results)

    def _take(self) -> list[Waiting]:
        """The next batch; when there is none, the drain has ended by the time this returns."""
        with self._lock:
            batch: list[Waiting] = []
            size = 0
            while self._queue and size < MOST_IN_BATCH:
                batch.append(self._queue.popleft())
                size += len(batch[-1][0].operations)
            self.operations += size
            self._draining = bool(batch)
            return batch

    def _fail(self, batch: list[Waiting], error: BaseException) -> None:
        logger.error("a batch of operations failed unexpectedly", exc_info=error)
        if self._on_failure is not None:
            self._on_failure(error)
        fault = Fault(Code.INTERNAL.value, f"the daemon could not carry this out: {error!r}")
        _resolve(batch, [[fault] * len(group.operations) for group, _ in batch])


def _nothing(_: sqlite3.Connection) -> None:
    """What the thread is asked to do to learn that it has done everything else."""


def _resolve(batch: list[Waiting], results: list[list[Result]]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if not future.done():
            future.set_result(result)
