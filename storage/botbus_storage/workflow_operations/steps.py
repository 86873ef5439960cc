"""What can be done to the steps of a run: begun, finished, written down by hand."""

from msgspec import Struct

from botbus_protocol.records import Step
from botbus_protocol.states import StepStatus
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations.aftermath import NOTHING, Aftermath
from botbus_storage.workflow_operations.waits import StepWait


class BeginStep(Operation, frozen=True, kw_only=True):
    """Outcome: `BegunStep`. Faults: `not_found`, `lease_lost`, `illegal_state`."""

    run: str
    step: str
    lease: str
    name: str
    kind: str
    input: str | None = None
    wait: StepWait | None = None
    elapsed: float | None = None
    """Seconds since when it is running already: then a run that is to pause does not pause here."""


class BegunStep(Struct, frozen=True, kw_only=True):
    step: Step
    permitted: bool
    pausing: bool = False
    wait: StepWait | None = None
    """What it waits for now, if it does; the daemon looks whether that is there already."""
    after_seq: int = 0
    aftermath: Aftermath = NOTHING


class FinishStep(Operation, frozen=True, kw_only=True):
    """An attempt of a step has ended: `completed`, or `failed`.

    Outcome: `Checkpointed`. Faults: `not_found`, `lease_lost`, `illegal_state`, `too_large`.
    """

    run: str
    step: str
    lease: str
    status: StepStatus
    output: str | None = None
    error: str | None = None
    final: bool = False
    attempt: int = 1
    name: str
    kind: str
    input: str | None = None
    elapsed: float = 0.0
    context: tuple[tuple[str, str | None], ...] = ()
    """Key and JSON text, each; None takes the key away."""
    context_limit: int = 0
    """Bytes that the whole context may have; 0 for any number."""
    output_limit: int = 0
    """Half of it is worth an event; 0 for none."""


class Checkpointed(Struct, frozen=True, kw_only=True, gc=False):
    changed: bool = True
    pausing: bool = False
    context_bytes: int = 0
    """Of the whole, if it has passed half of the limit with this change; else 0."""
    aftermath: Aftermath = NOTHING


class CreateStepLog(Operation, frozen=True, kw_only=True):
    """Outcome: `SteppedLog`. Faults: `not_found`, `conflict`, `lease_lost`, `illegal_state`."""

    id: str
    run: str
    step: str
    name: str
    status: StepStatus
    attempt: int
    input: str | None = None
    output: str | None = None
    error: str | None = None
    lease: str | None = None


class UpdateStepStatus(Operation, frozen=True, kw_only=True):
    """Outcome: `SteppedLog`. Faults: `not_found`, `illegal_state`, `lease_lost`."""

    id: str
    status: StepStatus
    output: str | None = None
    error: str | None = None
    lease: str | None = None


class SteppedLog(Struct, frozen=True, kw_only=True):
    step: Step
    changed: bool = True
    pausing: bool = False
    aftermath: Aftermath = NOTHING
