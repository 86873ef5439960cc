"""What the daemon does when an operation on runs is on disk: here an Aftermath is carried out.

Called after the commit only, in commit order: the events of runs are messages like any other and go the
same way. Everything here is of this process; whatever is lost with it is found again at the next start.
"""

import asyncio
from typing import TYPE_CHECKING

from botbus_protocol.records import Message, Notice
from botbus_storage.workflow_operations import NOTHING, Aftermath, Arrived, Lost

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker
    from botbus_daemon.runs.room import Runs


class Endings:
    """Those who wait for the end of a run."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def wait(self, run_id: str) -> "asyncio.Future[None]":
        """Resolves when the run has ended; `forget` it in the end."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run_id, set()).add(future)
        return future

    def forget(self, run_id: str, future: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(run_id)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[run_id]

    def ended(self, run_id: str) -> None:
        for future in self._waiting.get(run_id, ()):
            if not future.done():
                future.set_result(None)


def carry_out(broker: "Broker", runs: "Runs", aftermath: Aftermath) -> None:
    """Does what follows from a committed operation."""
    if aftermath is NOTHING:
        return
    for event in aftermath.events:
        _route(broker, event.message)
    for lost in aftermath.lost:
        _tell_of_loss(runs, lost)
    for arrived in aftermath.arrived:
        _tell_of_arrival(runs, arrived)
    for run_id in aftermath.ended:
        runs.endings.ended(run_id)
        runs.waits.forget_run(run_id)
    if aftermath.ended:
        runs.pruning.ended()
    if aftermath.ready:
        runs.claims.wake(aftermath.ready)
    runs.deadlines.errand.at(aftermath.due_at)


def _route(broker: "Broker", message: Message) -> None:
    broker.streams.head = max(broker.streams.head, message.seq)
    if broker.wants(message.channel, None):
        broker.routed(message, None)


def _tell_of_loss(runs: "Runs", lost: Lost) -> None:
    held = runs.leases.drop(lost.run_id, lost.lease)
    if held is not None:
        notice = Notice(run_id=lost.run_id, lease=lost.lease, kind="ended", status=lost.status)
        runs.notices.tell(held.session, notice)


def _tell_of_arrival(runs: "Runs", arrived: Arrived) -> None:
    held = runs.leases.find(arrived.run_id, arrived.lease)
    if held is not None:
        notice = Notice(run_id=arrived.run_id, lease=arrived.lease, kind="step", step=arrived.step)
        runs.notices.tell(held.session, notice)
