"""What follows from an operation beyond its row, collected while it is carried out.

Executors pass one `Consequences` along; its `aftermath` goes into the outcome, for the daemon to act
on once all of it is on disk.
"""

from botbus_protocol.grammar import new_id
from botbus_protocol.records import Step
from botbus_protocol.run_events import RUN_CHANNEL, RunEventType
from botbus_protocol.states import RunStatus
from botbus_storage.workflow_operations import NOTHING, Aftermath, Arrived, Lost, RunEvent
from botbus_storage.writing.events import append_event
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows.run_rows import RunRow


class Consequences:
    """Collected in the order they came about."""

    __slots__ = ("_arrived", "_due_at", "_ended", "_events", "_lost", "_ready", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._events: list[RunEvent] = []
        self._ready: dict[str, None] = {}
        self._lost: list[Lost] = []
        self._arrived: list[Arrived] = []
        self._ended: list[str] = []
        self._due_at: str | None = None

    def tell(self, kind: RunEventType, run: RunRow, **more: object) -> None:
        """Appends an event to the channel of runs; what is None is left out."""
        body: dict[str, object] = {
            "run": run.id,
            "workflow": run.workflow_name,
            "version": run.version,
            "status": run.status,
            "attempt": run.attempt,
        }
        told = {"key": run.key, "error": run.error, **more}
        body.update({name: value for name, value in told.items() if value is not None})
        event = append_event(self._tx, new_id(), RUN_CHANNEL, kind, body)
        self._events.append(RunEvent(message=event))

    def ready(self, workflow_id: str) -> None:
        """There may be a run of this workflow to claim."""
        self._ready[workflow_id] = None

    def lost(self, run: RunRow, lease: str, status: RunStatus) -> None:
        """Somebody else than its holder ends the lease of a run."""
        self._lost.append(Lost(run_id=run.id, lease=lease, status=status))

    def arrived(self, run: RunRow, lease: str, step: Step) -> None:
        self._arrived.append(Arrived(run_id=run.id, lease=lease, step=step))

    def ended(self, run: RunRow) -> None:
        self._ended.append(run.id)

    def due(self, due_at: str | None) -> None:
        if due_at is not None and (self._due_at is None or due_at < self._due_at):
            self._due_at = due_at

    @property
    def aftermath(self) -> Aftermath:
        if not (
            self._events
            or self._ready
            or self._lost
            or self._arrived
            or self._ended
            or self._due_at is not None
        ):
            return NOTHING
        return Aftermath(
            events=tuple(self._events),
            ready=tuple(self._ready),
            lost=tuple(self._lost),
            arrived=tuple(self._arrived),
            ended=tuple(self._ended),
            due_at=self._due_at,
        )
