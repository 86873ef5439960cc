"""The requests about steps: the checkpoints of a run."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Raw, Struct

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id, check_name, check_name_or_id
from botbus_protocol.requests.request import (
    LeaseName,
    Request,
    Seq,
    check_count,
    check_seconds,
)
from botbus_protocol.requests.runs import Error, Key
from botbus_protocol.states import StepStatus

MAX_COMMENT = 1000
"""Longest comment of an approval, in characters."""

Kind = Annotated[str, Meta(min_length=1, max_length=32)]
Attempt = Annotated[int, Meta(ge=1, le=2**31)]


class WaitFor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step waits for instead of being run."""

    kind: Literal["sleep", "message", "approval", "child"]
    seconds: float | None = None
    """When it ends whatever happens: a sleep is over, a message or approval did not come in time."""
    channel: str | None = None
    """message: in this channel, from after the run began; by default in the mailbox of the bot."""
    type: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    sender: str | None = None
    """message, approval: what another bot says does not count."""
    reply_to: str | None = None
    """message: an answer to this message. approval: the answer to this message decides."""
    where: dict[str, str | int | float | bool | None] | None = None
    """message: fields of its body, and their values."""
    child: str | None = None
    """child: the id of the run."""

    def __post_init__(self) -> None:
        check_seconds(self.seconds, "seconds")
        if self.channel is not None:
            check_name(self.channel, "channel")
        if self.sender is not None:
            check_name_or_id(self.sender, "sender")
        for text, what in ((self.reply_to, "reply_to"), (self.child, "child")):
            if text is not None:
                check_id(text, what)
        if self.kind == "sleep" and self.seconds is None:
            raise ValueError("a sleep needs seconds: say how long")
        if (self.kind == "child") != (self.child is not None):
            raise ValueError(
                "child is the id of the run that is waited for: give it, and only then"
            )


class BeginStep(Request, frozen=True, tag="begin_step"):
    """Asks to run a step: its stored result if it has one, else the permission.

    With `wait` nobody runs it: it is finished by what it waits for. With `elapsed` it is not asked but
    told that a step is being run: a run that is to pause goes on until that one is done.
    """

    mutates: ClassVar[bool] = True

    run: str
    step: Key
    lease: LeaseName
    name: str = ""
    """For people; by default the step's id."""
    kind: Kind = "step"
    input: Raw = NULL
    wait: WaitFor | None = None
    elapsed: float | None = None
    """Seconds since when it has been running already."""

    def __post_init__(self) -> None:
        check_id(self.run, "run")
        check_seconds(self.elapsed, "elapsed")


class CompleteStep(Request, frozen=True, tag="complete_step"):
    """A step is done: its output and the change of the run's context, in one commit.

    It need not have been begun: then it was begun `elapsed` seconds ago.
    """

    mutates: ClassVar[bool] = True

    run: str
    step: Key
    lease: LeaseName
    output: Raw = NULL
    context: dict[str, Raw] | None = None
    """What changes in the run's context: a value by its key; nil takes a key away."""
    attempt: Attempt = 1
    name: str = ""
    kind: Kind = "step"
    input: Raw = NULL
    elapsed: float = 0.0

    def __post_init__(self) -> None:
        check_id(self.run, "run")
        check_seconds(self.elapsed, "elapsed")


class FailStep(Request, frozen=True, tag="fail_step"):
    """An attempt of a step has failed; with `final` there will be no other."""

    mutates: ClassVar[bool] = True

    run: str
    step: Key
    lease: LeaseName
    error: Error
    final: bool = False
    attempt: Attempt = 1
    name: str = ""
    kind: Kind = "step"
    input: Raw = NULL
    elapsed: float = 0.0

    def __post_init__(self) -> None:
        check_id(self.run, "run")
        check_seconds(self.elapsed, "elapsed")


class CreateStepLog(Request, frozen=True, tag="create_step_log"):
    """Writes an attempt of a step as it is told, for workers that keep their own books."""

    mutates: ClassVar[bool] = True

    id: str
    run: str
    step: Key
    name: str = ""
    status: StepStatus = "pending"
    attempt: Attempt = 1
    input: Raw = NULL
    output: Raw = NULL
    error: Error | None = None
    lease: LeaseName | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_id(self.run, "run")


class UpdateStepStatus(Request, frozen=True, tag="update_step_status"):
    """Moves an attempt of a step along its states (docs/states.md)."""

    mutates: ClassVar[bool] = True

    id: str
    """The id of the attempt, not of the step in its definition."""
    status: StepStatus
    output: Raw = NULL
    error: Error | None = None
    lease: LeaseName | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListStepLogs(Request, frozen=True, tag="list_step_logs"):
    """The attempts of a run's steps, in the order they were begun."""

    run: str
    after: Seq = 0
    limit: int = 1000
    all: bool = True
    """False for only those that still count: none that a retry of the run has superseded."""

    def __post_init__(self) -> None:
        check_id(self.run, "run")
        check_count(self.limit, "limit")


class GetCompletedStepIds(Request, frozen=True, tag="get_completed_step_ids"):
    run: str

    def __post_init__(self) -> None:
        check_id(self.run, "run")


class DecideStep(Request, frozen=True, tag="decide_step"):
    """Approves or rejects what waits for approval."""

    mutates: ClassVar[bool] = True

    run: str
    step: Key
    approved: bool
    input_hash: str
    """Of the step as it was shown to whoever decides; another one is a `conflict`."""
    by: Annotated[str, Meta(max_length=256)] = ""
    """Who decides; by default the bot that speaks."""
    comment: Annotated[str, Meta(max_length=MAX_COMMENT)] = ""

    def __post_init__(self) -> None:
        check_id(self.run, "run")


StepRequest = (
    BeginStep
    | CompleteStep
    | FailStep
    | CreateStepLog
    | UpdateStepStatus
    | ListStepLogs
    | GetCompletedStepIds
    | DecideStep
)
