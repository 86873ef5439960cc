"""The requests about runs: making, claiming, moving and looking at them."""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw, Struct

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import NUL_LATER, check_id, check_name_or_id
from botbus_protocol.requests.request import (
    LeaseName,
    Request,
    Seq,
    Ticket,
    check_count,
    check_lease,
    check_seconds,
)
from botbus_protocol.states import RunStatus
from botbus_protocol.timestamps import parse_time

MAX_ERROR = 10_000
"""Longest text of an error, in characters."""
MAX_KEY = 256
"""Longest key of a run, concurrency key, or id of a step, in characters."""
MAX_WORKFLOWS = 1000
"""Most workflows that one claim offers to work on, and most leases that one request extends."""
MOST_PRIORITY = 1_000_000

Key = Annotated[str, Meta(min_length=1, max_length=MAX_KEY, pattern=NUL_LATER)]
Error = Annotated[str, Meta(max_length=MAX_ERROR)]
Priority = Annotated[int, Meta(ge=-MOST_PRIORITY, le=MOST_PRIORITY)]


class CreateRun(Request, frozen=True, tag="create_run"):
    """Makes a run of a workflow; the same id, or the same key, is the same run."""

    mutates: ClassVar[bool] = True

    id: str
    workflow: str
    """Its name (one's own, else the global one, else the only one) or its id."""
    version: str | None = None
    """By default the version that was saved last."""
    input: Raw = NULL
    context: Raw = NULL
    """A map to begin with."""
    key: Key | None = None
    concurrency_key: Key | None = None
    """Runs with the same one go in order, `concurrency_limit` at a time."""
    concurrency_limit: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    priority: Priority = 0
    """Higher ones are claimed first."""
    delay: float | None = None
    """Seconds before which it is not claimed."""
    trigger_type: Annotated[str, Meta(min_length=1, max_length=64)] = "manual"
    parent: str | None = None
    """The run that this one is a child of."""
    parent_step: Key | None = None
    """And the step of it that waits for this one."""
    lease: float | None = None
    """Seconds: claim it at once, for the connection that makes it, if it may be claimed at all."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_name_or_id(self.workflow, "workflow")
        check_seconds(self.delay, "delay")
        if self.parent is not None:
            check_id(self.parent, "parent")
        if self.lease is not None:
            check_lease(self.lease, "lease")


class GetRun(Request, frozen=True, tag="get_run"):
    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListRuns(Request, frozen=True, tag="list_runs"):
    """Runs, newest first."""

    workflow: str | None = None
    """Of this workflow, by name (whoever it belongs to) or id."""
    status: RunStatus | None = None
    key: str | None = None
    """Whose key or concurrency key is this."""
    text: str | None = None
    """Whose input, result or error holds this text."""
    created_after: str | None = None
    created_before: str | None = None
    before: Seq | None = None
    """Only runs with a smaller seq: the last one of the page before."""
    limit: int = 50

    def __post_init__(self) -> None:
        if self.workflow is not None:
            check_name_or_id(self.workflow, "workflow")
        for moment, what in (
            (self.created_after, "created_after"),
            (self.created_before, "created_before"),
        ):
            if moment is not None:
                parse_time(moment, what)
        check_count(self.limit, "limit")


class ListCrashedRuns(Request, frozen=True, tag="list_crashed_runs"):
    """Runs whose worker died and that nobody has claimed since, oldest first."""

    after: Seq = 0
    limit: int = 100

    def __post_init__(self) -> None:
        check_count(self.limit, "limit")


class UpdateRunStatus(Request, frozen=True, tag="update_run_status"):
    """Moves a run along its states (docs/states.md).

    `running` claims it, for the connection that says so. What only its holder may do (`completed`,
    `failed`) needs the lease, or the connection that holds it; `paused` and `pending` (resume) and
    `cancelled` are anybody's.
    """

    mutates: ClassVar[bool] = True

    id: str
    status: RunStatus
    error: Error | None = None
    context: Raw = NULL
    """A map in place of the whole context."""
    result: Raw = NULL
    lease: LeaseName | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class Offer(Struct, frozen=True, kw_only=True):
    """A workflow and the version of it that a worker can run."""

    id: str
    version: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ClaimRuns(Request, frozen=True, tag="claim_runs"):
    """Takes runs to work on; parked for `wait` seconds while there is none, and no notice."""

    parks: ClassVar[bool] = True

    workflows: Annotated[list[Offer], Meta(max_length=MAX_WORKFLOWS)]
    max: Annotated[int, Meta(ge=0)] = 1
    """None if 0: then it only listens for notices."""
    wait: float = 0.0
    lease: float = 30.0
    """Seconds until a run whose worker says nothing is offered to others."""
    ticket: Ticket = ""
    """A word of the client's choice by which `cancel_claim` names this claim."""

    def __post_init__(self) -> None:
        check_seconds(self.wait, "wait")
        check_lease(self.lease, "lease")


class CancelClaim(Request, frozen=True, tag="cancel_claim"):
    """Ends a parked claim of this connection, and gives back what it was handed but never saw."""

    ticket: Annotated[str, Meta(min_length=1, max_length=256)]


class ExtendRuns(Request, frozen=True, tag="extend_runs"):
    """Still at work: the leases end that many seconds from now."""

    leases: Annotated[dict[str, LeaseName], Meta(max_length=MAX_WORKFLOWS)]
    """The lease by the id of the run."""
    seconds: float

    def __post_init__(self) -> None:
        check_lease(self.seconds, "seconds")


class SuspendRun(Request, frozen=True, tag="suspend_run"):
    """Lets go of a run that can only go on when something it waits for has come."""

    mutates: ClassVar[bool] = True

    id: str
    lease: LeaseName
    retry_in: float | None = None
    """Seconds after which it is offered again even if it waits for nothing else."""
    heard: Annotated[int, Meta(ge=0)] = 0
    """How many notices of what its steps waited for came under this lease. If there were more, the run
    is offered again at once: whoever lets go of it may not know that it can go on."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_seconds(self.retry_in, "retry_in")


class RetryRun(Request, frozen=True, tag="retry_run"):
    """Runs an ended run again: from what failed, or from a step on. Old rows are kept."""

    mutates: ClassVar[bool] = True

    id: str
    from_step: Key | None = None
    attempt: Annotated[int, Meta(ge=0)] | None = None
    """The run's attempt that is meant; a repeat of this request finds another one, and does nothing."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class WaitRun(Request, frozen=True, tag="wait_run"):
    """A run once it has ended; parked for `wait` seconds while it has not."""

    parks: ClassVar[bool] = True

    id: str
    wait: float = 0.0

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_seconds(self.wait, "wait")


class ExplainRun(Request, frozen=True, tag="explain_run"):
    """What a run is waiting for, in one sentence."""

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


RunRequest = (
    CreateRun
    | GetRun
    | ListRuns
    | ListCrashedRuns
    | UpdateRunStatus
    | ClaimRuns
    | CancelClaim
    | ExtendRuns
    | SuspendRun
    | RetryRun
    | WaitRun
    | ExplainRun
)
