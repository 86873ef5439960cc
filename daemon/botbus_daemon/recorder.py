"""Write-behind for what need not be on disk before it is acknowledged.

That a delivery was handed out, when and to whom; that a lease ended; how far a mailbox is accounted
for. If the daemon dies before this is written, a delivery is offered again with an attempt less on
its count, and nothing else is lost. Everything gathered within `DELAY` is written in one commit; the
timer runs only while there is something to write.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.recording import row_of
from botbus_protocol.errors import Fault
from botbus_storage.operations import MoveCursors, Operation, RecordDelivery, StoredState
from botbus_storage.reading.mailboxes import DIRECT
from botbus_storage.store import Store

if TYPE_CHECKING:
    from botbus_daemon.courier import Courier

logger = logging.getLogger(__name__)

DELAY = 0.05
"""Seconds; it bounds how many attempts a crash can forget."""
RETRY_DELAY = 1.0
"""Seconds until what could not be written is tried again."""


class Verdict(NamedTuple):
    """A final state that the daemon itself gave to a delivery."""

    courier: "Courier | None"
    delivery: OpenDelivery | None
    operation: RecordDelivery


class Recorder:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._dirty: set[Courier] = set()
        self._verdicts: list[Verdict] = []
        self._on_their_way: list[Verdict] = []
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False
        """Whether the last attempt was, which has been told."""
        self._flushing: set[asyncio.Task[None]] = set()

    def touch(self, courier: "Courier") -> None:
        """Notes that a mailbox has something to record."""
        self._dirty.add(courier)
        self._arm()

    def decide(
        self,
        operation: RecordDelivery,
        courier: "Courier | None" = None,
        delivery: OpenDelivery | None = None,
    ) -> None:
        """Records a final state; the mailbox hears of it when it is on disk."""
        self._verdicts.append(Verdict(courier, delivery, operation))
        self._arm()

    def knows_more(self, bot_id: str) -> bool:
        """Whether there are verdicts on deliveries to a bot that the disk does not know yet."""
        return any(v.operation.bot_id == bot_id for v in self._verdicts + self._on_their_way)

    async def flush(self) -> None:
        """Writes everything; returns when it is on disk."""
        self._start()
        while self._flushing:
            await asyncio.wait(set(self._flushing))

    def _arm(self, delay: float = DELAY) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dirty or self._verdicts:
            task = asyncio.get_running_loop().create_task(self._write())
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)

    async def _write(self) -> None:
        verdicts, self._verdicts = self._verdicts, []
        self._on_their_way += verdicts
        dirty, self._dirty = self._dirty, set()
        operations: list[Operation] = [verdict.operation for verdict in verdicts]
        unrecorded = [delivery for courier in dirty for delivery in courier.mailbox.unrecorded()]
        for courier in dirty:
            operations.extend(_records_of(courier))
        results = await self._store.submit(operations)
        faults = [result for result in results if isinstance(result, Fault)]
        if faults:
            level = logging.DEBUG if self._refused else logging.WARNING
            logger.log(level, "deliveries could not be recorded: %s", faults[0].message)
            self._retry(dirty, unrecorded)
        self._refused = bool(faults)
        for verdict, result in zip(verdicts, results, strict=False):
            self._on_their_way.remove(verdict)
            _tell(verdict, failed=isinstance(result, Fault))

    def _retry(self, dirty: "set[Courier]", unrecorded: list[OpenDelivery]) -> None:
        """The disk knows nothing of this: no cursor may pass it until it does."""
        for delivery in unrecorded:
            delivery.recorded = False
        for courier in dirty:
            courier.saved_cursors = {}
        self._dirty |= dirty
        self._arm(RETRY_DELAY)


def _records_of(courier: "Courier") -> list[Operation]:
    mailbox = courier.mailbox
    records: list[Operation] = []
    now = asyncio.get_running_loop().time()
    for delivery in list(mailbox.unrecorded()):
        state: StoredState = "leased" if delivery.state == "leased" else "waiting"
        due_in = delivery.deadline - now
        records.append(row_of(delivery, mailbox.bot_id, state, due_in=due_in))
        delivery.recorded = True
    cursors = mailbox.cursors()
    if cursors != courier.saved_cursors:
        courier.saved_cursors = cursors
        direct = cursors.get(DIRECT, 0)
        channels = {source: seq for source, seq in cursors.items() if source != DIRECT}
        records.append(MoveCursors(bot_id=mailbox.bot_id, direct=direct, channels=channels))
    return records


def _tell(verdict: Verdict, *, failed: bool) -> None:
    if verdict.courier is None:
        return
    if not failed:
        verdict.courier.mailbox.settled(verdict.operation.seq)
    elif verdict.delivery is not None:
        verdict.courier.could_not_decide(verdict.delivery)
    else:
        verdict.courier.mailbox.release(verdict.operation.seq)
    verdict.courier.serve()
