"""The engine: a batch of operations in one transaction, and for each its outcome or a fault.

This is the one place where something becomes durable: whoever got an outcome from `execute` may
acknowledge it. An operation that is refused fails alone; a group marked atomic fails as a whole; when
the disk is at fault everybody is told, and nothing of the batch remains.

SQLite is the first engine; `Engine` is what a second one has to be.
"""

import sqlite3
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Protocol, cast

from msgspec import Struct

from botbus_protocol import timestamps
from botbus_protocol.errors import Fault, Refused
from botbus_storage import clock
from botbus_storage import operations as ops
from botbus_storage.faults import concerns_whole_batch, fault_of
from botbus_storage.operations import Operation, Outcome
from botbus_storage.record_operations.outcomes import RecordOutcome
from botbus_storage.retention_operations import FreePages, Pruned, PruneMessages
from botbus_storage.workflow_operations import WorkflowOutcome
from botbus_storage.writing import bots, channels, deliveries, messages, pruning, starts
from botbus_storage.writing.directory import BotDirectory
from botbus_storage.writing.records import execution as records
from botbus_storage.writing.transaction import Collision, Transaction
from botbus_storage.writing.workflows import execution

Result = Outcome | WorkflowOutcome | RecordOutcome | Pruned | Fault


class Group(Struct, frozen=True):
    """Operations that were asked for together; atomic: all of them or none."""

    operations: Sequence[Operation]
    atomic: bool = False


class Engine(Protocol):
    """Executes batches; called by one thread at a time."""

    @property
    def trouble(self) -> Fault | None:
        """Why the disk refused the newest attempt to write; None once it has taken something."""

    @property
    def sync_seconds(self) -> float:
        """How long the newest batch took from its last row until all of it was on the disk."""

    def execute(self, groups: Sequence[Group]) -> list[list[Result]]:
        """For each group its results, in order; when this returns, what succeeded is on disk."""


EXECUTORS: dict[
    type[Operation],
    Callable[[Transaction, Any], Outcome | WorkflowOutcome | RecordOutcome | Pruned],
] = {
    ops.SaveMessage: messages.save_message,
    ops.SaveMessages: messages.save_messages,
    ops.RecallMessage: messages.recall_message,
    ops.SeeBot: bots.see_bot,
    ops.CreateChannel: channels.create_channel,
    ops.Subscribe: channels.subscribe,
    ops.Unsubscribe: channels.unsubscribe,
    ops.RecordDelivery: deliveries.record_delivery,
    ops.SettleUnknown: deliveries.settle_unknown,
    ops.MoveCursors: deliveries.move_cursors,
    ops.ReplayDead: deliveries.replay_dead,
    ops.DropDead: deliveries.drop_dead,
    ops.BeginBoot: starts.begin_boot,
    ops.TryWriting: starts.try_writing,
    PruneMessages: pruning.prune_messages,
    FreePages: pruning.free_pages,
    **execution.EXECUTORS,
    **records.EXECUTORS,
}

_LAST = "SELECT seq, timestamp FROM bot_messages ORDER BY seq DESC LIMIT 1"


class SqliteEngine:
    """The engine over one SQLite connection, which nobody else writes with."""

    def __init__(
        self, connection: sqlite3.Connection, clock: Callable[[], float] = clock.now
    ) -> None:
        self.connection = connection
        self.trouble: Fault | None = None
        self.sync_seconds = 0.0
        self._clock = clock
        self._bots = BotDirectory()
        row = connection.execute(_LAST).fetchone()
        self._last_seq: int = row[0] if row else 0
        self.last_time: float = timestamps.to_epoch(row[1]) if row else 0.0
        """Of the newest message or transaction, in seconds since 1970."""

    def execute(self, groups: Sequence[Group]) -> list[list[Result]]:
        try:
            return self._commit(groups, careful=False)
        except Collision:
            return self._execute_carefully(groups)
        except (sqlite3.Error, OverflowError) as error:
            if concerns_whole_batch(error):
                return self._all_failed(groups, error)
            return self._execute_carefully(groups)

    def _execute_carefully(self, groups: Sequence[Group]) -> list[list[Result]]:
        try:
            return self._commit(groups, careful=True)
        except sqlite3.Error as error:
            return self._all_failed(groups, error)

    def _commit(self, groups: Sequence[Group], *, careful: bool) -> list[list[Result]]:
        tx = Transaction(self.connection, self._bots, self._now(), self._last_seq)
        tx.careful = careful
        changes = self.connection.total_changes
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            results = [_run_group(tx, group) for group in groups]
            tx.flush()
            self._sync()
        except BaseException:
            tx.forget()
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self._last_seq = tx.last_seq
        if self.connection.total_changes != changes:  # an empty transaction proves nothing
            self.trouble = None
        return results

    def _sync(self) -> None:
        """Has what was written appended to the WAL, and that synced."""
        begun = monotonic()
        self.connection.execute("COMMIT")
        self.sync_seconds = monotonic() - begun

    def _all_failed(self, groups: Sequence[Group], error: Exception) -> list[list[Result]]:
        self.trouble = fault_of(error)
        return [[self.trouble] * len(group.operations) for group in groups]

    def _now(self) -> str:
        """The time of a transaction; it never goes back, whatever the clock of the machine does."""
        self.last_time = max(self._clock(), self.last_time)
        return timestamps.from_epoch(self.last_time)


Run = Callable[[Transaction, Operation], Result]


def _run_group(tx: Transaction, group: Group) -> list[Result]:
    if group.atomic:
        return _run_atomically(tx, group.operations)
    run = _run_carefully if tx.careful else _run
    return [run(tx, operation) for operation in group.operations]


def _run(tx: Transaction, operation: Operation) -> Result:
    try:
        return EXECUTORS[type(operation)](tx, operation)
    except Refused as refusal:
        if type(operation) is ops.SaveMessages:
            return _save_singly(tx, operation, _run)
        return refusal.fault


def _run_carefully(tx: Transaction, operation: Operation) -> Result:
    if type(operation) is ops.SaveMessages:
        return _save_singly(tx, operation, _run_alone)
    return _run_alone(tx, operation)


def _save_singly(tx: Transaction, operation: ops.SaveMessages, run: Run) -> ops.SavedSingly:
    outcomes = [run(tx, message) for message in operation.singly()]
    return ops.SavedSingly(cast("list[ops.Saved | Fault]", outcomes))


def _run_alone(tx: Transaction, operation: Operation) -> Result:
    try:
        with tx.savepoint():
            return EXECUTORS[type(operation)](tx, operation)
    except Refused as refusal:
        return refusal.fault
    except (sqlite3.Error, OverflowError) as error:
        if concerns_whole_batch(error):
            raise
        return fault_of(error)


def _run_atomically(tx: Transaction, operations: Sequence[Operation]) -> list[Result]:
    done: list[Result] = []
    try:
        with tx.savepoint():
            for operation in operations:
                done.append(EXECUTORS[type(operation)](tx, operation))  # noqa: PERF401 - counted when one is refused
    except Refused as refusal:
        return [whole_failed(len(done), refusal.fault)] * len(operations)
    except (sqlite3.Error, OverflowError) as error:
        if not tx.careful or concerns_whole_batch(error):
            raise
        return [whole_failed(len(done), fault_of(error))] * len(operations)
    return done


def whole_failed(culprit: int, fault: Fault) -> Fault:
    """What everybody in an atomic group is told; it names the request that failed, from 0."""
    details = {**(fault.details or {}), "failed_request": culprit}
    text = f"request {culprit} of this atomic frame failed, so nothing was done: {fault.message}"
    return Fault(fault.code, text, details)
