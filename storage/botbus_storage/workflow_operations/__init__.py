"""What can be done to workflows, runs and steps, as values, and what comes of each.

The rules of runs live with whoever executes these: the lease is in the run's row, so that an operation
of a worker that has lost it is refused inside the transaction, whatever the daemon remembers. An
outcome tells what the daemon has to do once it is on disk: which events to hand on, which workflows
have something to claim, which holders to tell that they have lost their run.
"""

from botbus_storage.workflow_operations.aftermath import (
    NOTHING,
    Aftermath,
    Arrived,
    Lost,
    RunEvent,
    aftermath_of,
)
from botbus_storage.workflow_operations.definitions import (
    DeleteDefinition,
    SavedDefinition,
    SaveDefinition,
)
from botbus_storage.workflow_operations.runs import (
    ClaimedRuns,
    ClaimRuns,
    CrashRuns,
    CreatedRun,
    CreateRun,
    Moved,
    MovedRun,
    PruneRuns,
    RecoverRuns,
    RetryRun,
    SuspendRun,
    UnclaimRuns,
    UpdateRunStatus,
)
from botbus_storage.workflow_operations.schedules import (
    DeleteSchedule,
    MoveSchedule,
    SavedSchedule,
    SaveSchedule,
)
from botbus_storage.workflow_operations.steps import (
    BeginStep,
    BegunStep,
    Checkpointed,
    CreateStepLog,
    FinishStep,
    SteppedLog,
    UpdateStepStatus,
)
from botbus_storage.workflow_operations.waits import (
    DecideStep,
    EndedWaits,
    EndWaits,
    FulfilWait,
    StepWait,
)

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

__all__ = [
    "NOTHING",
    "Aftermath",
    "Arrived",
    "BeginStep",
    "BegunStep",
    "Checkpointed",
    "ClaimRuns",
    "ClaimedRuns",
    "CrashRuns",
    "CreateRun",
    "CreateStepLog",
    "CreatedRun",
    "DecideStep",
    "DeleteDefinition",
    "DeleteSchedule",
    "EndWaits",
    "EndedWaits",
    "FinishStep",
    "FulfilWait",
    "Lost",
    "MoveSchedule",
    "Moved",
    "MovedRun",
    "PruneRuns",
    "RecoverRuns",
    "RetryRun",
    "RunEvent",
    "SaveDefinition",
    "SaveSchedule",
    "SavedDefinition",
    "SavedSchedule",
    "StepWait",
    "SteppedLog",
    "SuspendRun",
    "UnclaimRuns",
    "UpdateRunStatus",
    "UpdateStepStatus",
    "WorkflowOutcome",
    "aftermath_of",
]
