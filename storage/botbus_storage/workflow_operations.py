"""What can be done to workflows, runs and steps, as values, and what comes of each.

The rules of runs live with whoever executes these: the lease is in the run's row, so that an operation
of a worker that has lost it is refused inside the transaction, whatever the daemon remembers. An
outcome tells what the daemon has to do once it is on disk: which events to hand on, which workflows
have something to claim, which holders to tell that they have lost their run.
"""

from typing import Any

from msgspec import Struct

from botbus_protocol.records import Definition, Run, Schedule, Step, WaitKind
from botbus_protocol.records.messages import Message
from botbus_protocol.states import RunStatus, StepStatus
from botbus_storage.operations import Operation


class RunEvent(Struct, frozen=True, kw_only=True):
    """A message of the system channel, stored in the same transaction as what it tells of."""

    message: Message


class Lost(Struct, frozen=True, kw_only=True):
    """A holder whose lease this operation ended."""

    run_id: str
    lease: str
    status: RunStatus


class Arrived(Struct, frozen=True, kw_only=True):
    """A step of a run that a worker holds was finished by what it waited for."""

    run_id: str
    lease: str
    step: Step


class Aftermath(Struct, frozen=True, kw_only=True):
    """What the daemon does when an operation is on disk; empty for most."""

    events: tuple[RunEvent, ...] = ()
    ready: tuple[str, ...] = ()
    """Ids of workflows of which there may be a run to claim now."""
    lost: tuple[Lost, ...] = ()
    arrived: tuple[Arrived, ...] = ()
    ended: tuple[str, ...] = ()
    """Ids of runs that have come to an end."""
    due_at: str | None = None
    """The earliest time at which a wait of this operation ends."""


NOTHING = Aftermath()

# Definitions


class SaveDefinition(Operation, frozen=True, kw_only=True):
    """Saves a checked definition. Outcome: `SavedDefinition`. Faults: `conflict` (name and owner
    belong to another id).
    """

    id: str | None
    """None: the one with this name and owner, or a new one."""
    name: str
    version: str
    description: str
    status: str
    owner_type: str
    owner_bot_id: str | None
    concurrency: int | None
    timeout_secs: float | None
    definition: str
    """JSON text of the whole."""


class SavedDefinition(Struct, frozen=True, kw_only=True):
    definition: Definition
    created: bool
    aftermath: Aftermath = NOTHING


class DeleteDefinition(Operation, frozen=True, kw_only=True):
    """Outcome: `Changed`. Faults: `conflict` (it has runs, or unfinished ones)."""

    id: str
    force: bool


class SaveSchedule(Operation, frozen=True, kw_only=True):
    """Outcome: `SavedSchedule`. Faults: `not_found`."""

    id: str
    workflow_id: str
    cron: str
    timezone: str
    catch_up: str
    input: str | None
    bot_id: str
    next_at: str


class SavedSchedule(Struct, frozen=True, kw_only=True):
    schedule: Schedule


class DeleteSchedule(Operation, frozen=True):
    """Outcome: `Changed`."""

    id: str


class MoveSchedule(Operation, frozen=True, kw_only=True):
    """Sets when a schedule fires next, without a run for the time that it leaves out.

    Outcome: `Changed`.
    """

    id: str
    next_at: str


# Runs


class CreateRun(Operation, frozen=True, kw_only=True):
    """Makes a run. Outcome: `CreatedRun`. Faults: `not_found` (workflow, version, parent), `conflict`
    (id taken by another run), `illegal_state` (draft or archived workflow).
    """

    id: str
    workflow: str
    """Its id, or its name."""
    version: str | None = None
    bot_id: str
    input: str | None = None
    context: str | None = None
    key: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int = 1
    priority: int = 0
    due_at: str | None = None
    trigger_type: str = "manual"
    parent: str | None = None
    parent_step: str | None = None
    lease: str | None = None
    """Claim it under this lease, if it can be claimed."""
    holder_pid: int | None = None
    schedule: str | None = None
    """The schedule that starts it, which is moved on in the same transaction."""
    schedule_at: str | None = None
    schedule_next_at: str | None = None


class CreatedRun(Struct, frozen=True, kw_only=True):
    run: Run
    created: bool
    claimed: bool
    aftermath: Aftermath = NOTHING


class ClaimRuns(Operation, frozen=True, kw_only=True):
    """Claims up to `len(leases)` ready runs, highest priority first, then oldest.

    Outcome: `ClaimedRuns`.
    """

    offers: tuple[tuple[str, str], ...]
    """Workflow id and version, each."""
    leases: tuple[str, ...]
    bot_id: str
    holder_pid: int | None


class ClaimedRuns(Struct, frozen=True, kw_only=True):
    runs: list[tuple[Run, str]]
    """With the lease of each."""
    aftermath: Aftermath = NOTHING


class UnclaimRuns(Operation, frozen=True):
    """Gives back runs that were claimed and never seen, without counting it. Outcome: `Moved`."""

    leases: tuple[tuple[str, str], ...]
    """Run id and lease, each; one whose lease is over is left alone."""


class CrashRuns(Operation, frozen=True):
    """Their holder is gone: `crashed`, and offered again. Outcome: `Moved`.

    After several crashes in a row without a finished step, only after a backoff; after
    `most_crashes` the run has failed.
    """

    leases: tuple[tuple[str, str], ...]
    why: str
    most_crashes: int


class RecoverRuns(Operation, frozen=True):
    """At the start of a daemon: every running run has crashed. Outcome: `Moved`."""

    most_crashes: int


class Moved(Struct, frozen=True, kw_only=True):
    count: int = 0
    aftermath: Aftermath = NOTHING


class UpdateRunStatus(Operation, frozen=True, kw_only=True):
    """Moves a run along its states. Outcome: `MovedRun`. Faults: `not_found`, `illegal_state`,
    `lease_lost`, `too_large` (context).
    """

    id: str
    status: RunStatus
    error: str | None = None
    context: str | None = None
    result: str | None = None
    lease: str | None = None
    """Of the holder; None if whoever asks holds nothing."""
    new_lease: str | None = None
    """To claim it under, if the status is `running`."""
    bot_id: str
    holder_pid: int | None = None
    context_limit: int


class MovedRun(Struct, frozen=True, kw_only=True):
    run: Run
    changed: bool = True
    aftermath: Aftermath = NOTHING


class SuspendRun(Operation, frozen=True, kw_only=True):
    """Lets go of a run: `paused`, or `pending` at once if what it waits for has come.

    Outcome: `MovedRun`. Faults: `not_found`, `lease_lost`.
    """

    id: str
    lease: str
    due_at: str | None = None
    heard: int = 0
    """How many of the waits that ended under this lease its holder knows of."""


class RetryRun(Operation, frozen=True, kw_only=True):
    """Outcome: `MovedRun`. Faults: `not_found` (run, step), `illegal_state`."""

    id: str
    from_step: str | None
    attempt: int | None


class PruneRuns(Operation, frozen=True):
    """Deletes finished runs in the order given, fewer if they have many steps. Outcome: `Moved`.

    What has not ended, or has begun again, stays.
    """

    seqs: tuple[int, ...]


# Steps


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


WorkflowOutcome = (
    SavedDefinition
    | SavedSchedule
    | CreatedRun
    | ClaimedRuns
    | Moved
    | MovedRun
    | BegunStep
    | Checkpointed
    | SteppedLog
    | EndedWaits
)


def aftermath_of(outcome: Any) -> Aftermath:
    """What is to be done after an outcome; nothing for those that say nothing of it."""
    found = getattr(outcome, "aftermath", NOTHING)
    return found if isinstance(found, Aftermath) else NOTHING
