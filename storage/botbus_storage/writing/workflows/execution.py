"""Which function carries out which operation about workflows, runs and steps."""

from collections.abc import Callable
from typing import Any

from botbus_storage import workflow_operations as ops
from botbus_storage.operations import Changed, Operation
from botbus_storage.workflow_operations import WorkflowOutcome
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import (
    approvals,
    arrivals,
    beginnings,
    checkpoints,
    claims,
    crashes,
    definitions,
    making,
    moves,
    pruning,
    retrying,
    schedules,
    step_logs,
    suspending,
)

_Executor = Callable[[Transaction, Any], WorkflowOutcome | Changed]

_ALONE: dict[type[Operation], _Executor] = {
    ops.SaveDefinition: definitions.save_definition,
    ops.DeleteDefinition: definitions.delete_definition,
    ops.SaveSchedule: schedules.save_schedule,
    ops.DeleteSchedule: schedules.delete_schedule,
    ops.MoveSchedule: schedules.move_schedule,
    ops.CreateRun: making.create_run,
    ops.ClaimRuns: claims.claim_runs,
    ops.UnclaimRuns: claims.unclaim_runs,
    ops.CrashRuns: crashes.crash_runs,
    ops.RecoverRuns: crashes.recover_runs,
    ops.UpdateRunStatus: moves.update_run_status,
    ops.SuspendRun: suspending.suspend_run,
    ops.RetryRun: retrying.retry_run,
    ops.PruneRuns: pruning.prune_runs,
    ops.BeginStep: beginnings.begin_step,
    ops.CreateStepLog: step_logs.create_step_log,
    ops.UpdateStepStatus: step_logs.update_step_status,
    ops.DecideStep: approvals.decide_step,
    ops.FulfilWait: arrivals.fulfil_wait,
    ops.EndWaits: arrivals.end_waits,
}


def _after_steps(execute: _Executor) -> _Executor:
    """Writes the steps that were gathered, before anything looks at them or at their runs."""

    def execute_after_steps(tx: Transaction, op: Operation) -> WorkflowOutcome | Changed:
        tx.flush_steps()
        return execute(tx, op)

    return execute_after_steps


EXECUTORS: dict[type[Operation], _Executor] = {
    ops.FinishStep: checkpoints.finish_step,
    **{kind: _after_steps(execute) for kind, execute in _ALONE.items()},
}
