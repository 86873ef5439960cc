"""What can be done to runs: made, claimed, let go of, moved along their states, and pruned."""

from msgspec import Struct

from botbus_protocol.records import Run
from botbus_protocol.states import RunStatus
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations.aftermath import NOTHING, Aftermath


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
