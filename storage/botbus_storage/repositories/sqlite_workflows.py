"""The repositories of durable workflows over SQLite."""

from typing import Any

from botbus_protocol.records import Definition, Message, OwnerType, Run, Schedule, Step
from botbus_storage.operations import Changed
from botbus_storage.reading import (
    retention,
    run_rows,
    runs,
    schedules,
    steps,
    waits,
    workflows,
)
from botbus_storage.reading.runs import Around, RunScope
from botbus_storage.reading.steps import StepPage
from botbus_storage.reading.waits import OpenWait
from botbus_storage.reading.workflows import Shelf
from botbus_storage.repositories.access import Reading, Writing
from botbus_storage.workflow_operations import (
    CreatedRun,
    CreateRun,
    CreateStepLog,
    DeleteDefinition,
    MovedRun,
    SavedDefinition,
    SaveDefinition,
    SteppedLog,
    UpdateRunStatus,
    UpdateStepStatus,
)


class SqliteWorkflows(Writing):
    """The `WorkflowRepository` of SQLite."""

    async def save_definition(self, definition: SaveDefinition) -> SavedDefinition:
        return await self._do(definition, SavedDefinition)

    async def get_definition(self, workflow_id: str) -> Definition | None:
        return await self._ask(workflows.read_definition, workflow_id=workflow_id)

    async def get_definition_by_name(
        self, name: str, owner_type: OwnerType, owner_bot_id: str | None = None
    ) -> Definition | None:
        return await self._ask(
            workflows.owned_definition, name=name, owner_type=owner_type, owner_bot_id=owner_bot_id
        )

    async def list_definitions(self, shelf: Shelf) -> list[Definition]:
        return await self._ask(workflows.list_definitions, shelf=shelf)

    async def delete_definition(self, workflow_id: str, *, force: bool = False) -> bool:
        return (await self._do(DeleteDefinition(id=workflow_id, force=force), Changed)).changed

    async def create_run(self, run: CreateRun) -> CreatedRun:
        return await self._do(run, CreatedRun)

    async def update_run_status(self, move: UpdateRunStatus) -> MovedRun:
        return await self._do(move, MovedRun)

    async def get_run(self, run_id: str) -> Run | None:
        return await self._ask(run_rows.read_run, run_id=run_id)

    async def list_runs(self, scope: RunScope) -> list[Run]:
        return await self._ask(runs.list_runs, scope=scope)

    async def list_crashed_runs(self, after: int = 0, limit: int = 100) -> list[Run]:
        return await self._ask(runs.list_crashed_runs, after=after, limit=limit)

    async def create_step_log(self, step: CreateStepLog) -> SteppedLog:
        return await self._do(step, SteppedLog)

    async def update_step_status(self, move: UpdateStepStatus) -> SteppedLog:
        return await self._do(move, SteppedLog)

    async def list_step_logs(
        self, run_id: str, after: int = 0, limit: int = 1000, *, all_rows: bool = True
    ) -> StepPage:
        return await self._ask(
            steps.list_step_logs, run_id=run_id, after=after, limit=limit, all_rows=all_rows
        )

    async def get_completed_step_ids(self, run_id: str) -> list[str]:
        return await self._ask(steps.completed_step_ids, run_id=run_id)


class SqliteDefinitions(Reading):
    """The `DefinitionReader` of SQLite."""

    async def resolve(self, name_or_id: str, bot_id: str) -> Definition:
        return await self._ask(workflows.resolve_definition, name_or_id=name_or_id, bot_id=bot_id)

    async def of_run(self, run_id: str) -> Definition | None:
        return await self._ask(workflows.definition_of_run, run_id=run_id)

    async def schedule(self, schedule_id: str) -> Schedule | None:
        return await self._ask(schedules.read_schedule, schedule_id=schedule_id)

    async def schedules(
        self, workflow_id: str | None = None, after: str = "", limit: int = 100
    ) -> list[Schedule]:
        return await self._ask(
            schedules.list_schedules, workflow_id=workflow_id, after=after, limit=limit
        )

    async def next_schedules(self, limit: int) -> list[Schedule]:
        return await self._ask(schedules.next_schedules, limit=limit)


class SqliteRuns(Reading):
    """The `RunReader` of SQLite."""

    async def around(self, run_id: str) -> Around | None:
        return await self._ask(runs.read_around, run_id=run_id)

    async def count_steps(self, run_id: str) -> int:
        return await self._ask(steps.count_steps, run_id=run_id)

    async def run_of_step(self, attempt_id: str) -> str | None:
        return await self._ask(steps.run_of_step, attempt_id=attempt_id)

    async def first_context(self, run_id: str) -> Any:
        return await self._ask(run_rows.first_context, run_id=run_id)

    async def waiting_approvals(
        self, run_id: str | None = None, after: int = 0, limit: int = 100
    ) -> list[Step]:
        return await self._ask(steps.waiting_approvals, run_id=run_id, after=after, limit=limit)

    async def open_waits(self) -> list[OpenWait]:
        return await self._ask(waits.open_waits)

    async def earliest_due(self) -> str | None:
        return await self._ask(waits.earliest_due)

    async def messages_for(
        self, wanted: OpenWait, now: str, after: int = 0, limit: int = 100
    ) -> list[Message]:
        return await self._ask(waits.messages_for, wanted=wanted, now=now, after=after, limit=limit)

    async def prunable(self, ended_before: str | None, keep: int | None, most: int) -> list[int]:
        return await self._ask(
            retention.prunable_runs, ended_before=ended_before, keep=keep, most=most
        )

    async def earliest_end(self) -> str | None:
        return await self._ask(retention.earliest_end)
