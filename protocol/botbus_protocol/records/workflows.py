"""Workflow definitions, runs, their steps, what they wait for, and schedules."""

from typing import Any, Literal

from msgspec import Struct, field

from botbus_protocol.states import RunStatus, StepStatus

OwnerType = Literal["bot", "global"]
WorkflowStatus = Literal["draft", "active", "paused", "archived"]
WaitKind = Literal["sleep", "message", "approval", "child", "delay", "timeout", "backoff"]
CatchUp = Literal["none", "one", "all"]
NoticeKind = Literal["ended", "step"]


class Definition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A workflow as it is saved now."""

    id: str
    name: str
    version: str
    owner_type: OwnerType
    owner: str | None = None
    """The bot it belongs to; None for one that belongs to all."""
    status: WorkflowStatus = "active"
    description: str = ""
    definition: Any = None
    """The whole of it, as it was saved, unknown fields and all."""
    created_at: str = ""
    updated_at: str = ""


class Wait(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a run waits for; nothing is spent on it meanwhile."""

    step_id: str = ""
    """Empty if the run as a whole waits: for its delay, its backoff, its end by timeout."""
    kind: WaitKind
    due_at: str | None = None
    """When it ends, whatever happens."""
    channel: str | None = None
    bot: str | None = None
    """For a message that is not of a channel: whose mailbox."""
    type: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    child: str | None = None
    """The id of the run that is waited for."""


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One execution of a workflow, with the definition it began with."""

    seq: int
    """The order in which runs were made."""
    id: str
    workflow_id: str
    workflow: str
    version: str
    status: RunStatus
    trigger_type: str = "manual"
    input: Any = None
    context: Any = None
    result: Any = None
    error: str | None = None
    created_at: str = ""
    started_at: str | None = None
    completed_at: str | None = None
    started_by: str = ""
    key: str | None = None
    concurrency_key: str | None = None
    priority: int = 0
    attempt: int = 0
    """How often a worker has claimed it."""
    crashes: int = 0
    """In a row, without a finished step between them."""
    holder: str | None = None
    """The bot whose worker holds it."""
    holder_pid: int | None = None
    pausing: bool = False
    """It will pause at its next checkpoint."""
    held: bool = False
    """It was paused by a person and waits for `resume`."""
    queued: bool = False
    """It waits for others of its concurrency key."""
    timeout_at: str | None = None
    parent: str | None = None
    parent_step: str | None = None
    waits: list[Wait] = field(default_factory=list)


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt of one step."""

    seq: int
    id: str
    run_id: str
    step_id: str
    name: str
    status: StepStatus
    kind: str = "step"
    attempt: int = 1
    final: bool = False
    """Failed, and not to be tried again."""
    superseded: bool = False
    """It does not count any more, because the run was retried from here or from before."""
    idempotency_key: str | None = None
    """The same for every attempt of the step."""
    input: Any = None
    input_hash: str | None = None
    output: Any = None
    error: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class ClaimedRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run in the hands of a worker, for the time of its lease."""

    run: Run
    lease: str
    lease_expires_at: str
    base: Any = None
    """The context it began with, if that has changed since: who repeats it from its beginning makes the
    changes anew."""
    steps: list[Step] = field(default_factory=list)
    """What counts of its steps so far, in order, as far as one answer reaches."""
    more_steps: bool = False
    """Whether there are more: read them with `list_step_logs` after the last seq."""


class Notice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that befell a run while a worker held it."""

    run_id: str
    lease: str
    kind: NoticeKind
    """`ended`: the lease is gone, stop working on it. `step`: what a step waited for has come."""
    status: RunStatus = "running"
    step: Step | None = None


class Schedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Starts a run of a workflow by the clock."""

    id: str
    workflow_id: str
    workflow: str
    cron: str
    timezone: str = "UTC"
    catch_up: CatchUp = "one"
    input: Any = None
    created_by: str = ""
    created_at: str = ""
    last_at: str | None = None
    next_at: str = ""
