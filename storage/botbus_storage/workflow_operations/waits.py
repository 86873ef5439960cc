"""What a step waits for, and what ends its wait: a verdict, a message, or the time."""

from msgspec import Struct

from botbus_protocol.records import WaitKind
from botbus_protocol.records.messages import Message
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations.aftermath import NOTHING, Aftermath


class StepWait(Struct, frozen=True, kw_only=True):
    """What a begun step waits for."""

    kind: WaitKind
    due_at: str | None = None
    bot_id: str | None = None
    channel: str | None = None
    type: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    where: str | None = None
    """JSON text of an object: fields of the body and their values."""
    child: str | None = None


class DecideStep(Operation, frozen=True, kw_only=True):
    """A verdict on what waits for approval. Outcome: `SteppedLog`. Faults: `not_found`,
    `illegal_state` (it waits for no approval), `conflict` (another input, or decided otherwise).
    """

    run: str
    step: str
    approved: bool
    input_hash: str
    by: str
    comment: str


class FulfilWait(Operation, frozen=True, kw_only=True):
    """A message that a step waits for is there: the step is completed with it, and the mailbox it
    lay in is done with it. Outcome: `Moved` (count 0: the step does not wait any more).
    """

    run: str
    step: str
    message: Message
    bot_id: str | None
    """Whose mailbox is done with it; None for a channel."""
    lease: str = ""
    """The name under which the delivery is recorded."""


class EndWaits(Operation, frozen=True):
    """Ends the waits that are due now, at most `most`. Outcome: `EndedWaits`."""

    most: int


class EndedWaits(Struct, frozen=True, kw_only=True):
    count: int
    next_due_at: str | None
    aftermath: Aftermath = NOTHING
