"""The replies about workflows, runs and steps."""

from msgspec import field

from botbus_protocol import requests
from botbus_protocol.records.workflows import (
    ClaimedRun,
    Definition,
    Notice,
    Run,
    Schedule,
    Step,
)
from botbus_protocol.replies.reply import Done, Reply


class DefinitionReply(Reply, frozen=True, tag="definition"):
    definition: Definition
    created: bool = False


class Definitions(Reply, frozen=True, tag="definitions"):
    definitions: list[Definition]


class RunReply(Reply, frozen=True, tag="run"):
    run: Run
    created: bool = False
    """`create_run`: whether it is a new one."""
    lease: str | None = None
    """If the run is in the hands of this connection now."""
    lease_expires_at: str | None = None


class Runs(Reply, frozen=True, tag="runs"):
    runs: list[Run]


class Claimed(Reply, frozen=True, tag="claimed"):
    runs: list[ClaimedRun] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


class Extended(Reply, frozen=True, tag="extended"):
    lease_expires_at: str
    lost: list[str] = field(default_factory=list)
    """Ids of the runs whose lease has ended: stop working on them."""


class StepReply(Reply, frozen=True, tag="step"):
    step: Step
    permitted: bool = False
    """`begin_step`: run it now, as the attempt that `step` tells."""
    pausing: bool = False
    """The run was paused at this checkpoint: its lease has ended, stop working on it."""


class Checkpoint(Reply, frozen=True, tag="checkpoint"):
    """A finished attempt of a step is on disk."""

    changed: bool = True
    pausing: bool = False
    """The run was paused at this checkpoint: its lease has ended, stop working on it."""


class Steps(Reply, frozen=True, tag="steps"):
    steps: list[Step]
    more: bool = False


class StepIds(Reply, frozen=True, tag="step_ids"):
    step_ids: list[str]


class Explanation(Reply, frozen=True, tag="explanation"):
    sentence: str
    run: Run


class ScheduleReply(Reply, frozen=True, tag="schedule"):
    schedule: Schedule


class Schedules(Reply, frozen=True, tag="schedules"):
    schedules: list[Schedule]


WorkflowReply = (
    DefinitionReply
    | Definitions
    | RunReply
    | Runs
    | Claimed
    | Extended
    | StepReply
    | Checkpoint
    | Steps
    | StepIds
    | Explanation
    | ScheduleReply
    | Schedules
)

WORKFLOW_REPLIES: dict[type[requests.Request], type[Reply]] = {
    requests.SaveDefinition: DefinitionReply,
    requests.GetDefinition: DefinitionReply,
    requests.GetDefinitionByName: DefinitionReply,
    requests.ListDefinitions: Definitions,
    requests.DeleteDefinition: Done,
    requests.SaveSchedule: ScheduleReply,
    requests.ListSchedules: Schedules,
    requests.DeleteSchedule: Done,
    requests.CreateRun: RunReply,
    requests.GetRun: RunReply,
    requests.ListRuns: Runs,
    requests.ListCrashedRuns: Runs,
    requests.UpdateRunStatus: RunReply,
    requests.ClaimRuns: Claimed,
    requests.CancelClaim: Done,
    requests.ExtendRuns: Extended,
    requests.SuspendRun: RunReply,
    requests.RetryRun: RunReply,
    requests.WaitRun: RunReply,
    requests.ExplainRun: Explanation,
    requests.BeginStep: StepReply,
    requests.CompleteStep: Checkpoint,
    requests.FailStep: Checkpoint,
    requests.CreateStepLog: StepReply,
    requests.UpdateStepStatus: StepReply,
    requests.ListStepLogs: Steps,
    requests.GetCompletedStepIds: StepIds,
    requests.DecideStep: StepReply,
}
