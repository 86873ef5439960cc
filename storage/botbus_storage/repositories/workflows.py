"""The contracts about durable workflows.

`WorkflowRepository` is the one that every engine has to offer and the conformance suite tries
(tests/storage/workflows); the readers beside it are what the daemon asks for its own work. Bots are
named by their ids, times are stored times. Writing methods return when the effect is on disk.
"""

from typing import Any, Protocol

from botbus_protocol.records import Definition, Message, OwnerType, Run, Schedule, Step
from botbus_storage.reading.runs import Around, RunScope
from botbus_storage.reading.steps import StepPage
from botbus_storage.reading.waits import OpenWait
from botbus_storage.reading.workflows import Shelf
from botbus_storage.workflow_operations import (
    CreatedRun,
    CreateRun,
    CreateStepLog,
    MovedRun,
    SavedDefinition,
    SaveDefinition,
    SteppedLog,
    UpdateRunStatus,
    UpdateStepStatus,
)


class WorkflowRepository(Protocol):
    """Definitions, runs and steps. Methods raise Refused as the operations say."""

    async def save_definition(self, definition: SaveDefinition) -> SavedDefinition:
        """Saves it in place of the one with its id, or else with its name and owner; or anew."""

    async def get_definition(self, workflow_id: str) -> Definition | None: ...

    async def get_definition_by_name(
        self, name: str, owner_type: OwnerType, owner_bot_id: str | None = None
    ) -> Definition | None:
        """The definition of exactly this owner."""

    async def list_definitions(self, shelf: Shelf) -> list[Definition]:
        """By name and id."""

    async def delete_definition(self, workflow_id: str, *, force: bool = False) -> bool:
        """Whether there was one. With runs it is refused (`conflict`), forced with unfinished ones."""

    async def create_run(self, run: CreateRun) -> CreatedRun:
        """A run; the same id, or the same key of the same workflow, is the same run."""

    async def update_run_status(self, move: UpdateRunStatus) -> MovedRun:
        """Moves a run along its states; every other move is refused (`illegal_state`)."""

    async def get_run(self, run_id: str) -> Run | None:
        """With what it waits for, and its context as it is now."""

    async def list_runs(self, scope: RunScope) -> list[Run]:
        """Newest first."""

    async def list_crashed_runs(self, after: int = 0, limit: int = 100) -> list[Run]:
        """Runs whose worker died and that nobody has claimed since, oldest first, after a seq."""

    async def create_step_log(self, step: CreateStepLog) -> SteppedLog:
        """Writes an attempt of a step as it is told."""

    async def update_step_status(self, move: UpdateStepStatus) -> SteppedLog:
        """Moves an attempt along its states; every other move is refused (`illegal_state`)."""

    async def list_step_logs(
        self, run_id: str, after: int = 0, limit: int = 1000, *, all_rows: bool = True
    ) -> StepPage:
        """Attempts in the order they were begun, after a seq; or only those that count."""

    async def get_completed_step_ids(self, run_id: str) -> list[str]:
        """In the order they were begun."""


class DefinitionReader(Protocol):
    """Definitions as people and runs mean them, and schedules."""

    async def resolve(self, name_or_id: str, bot_id: str) -> Definition:
        """What a bot means: its own, else the global one, else the only one; or an id.

        Raises Refused: `not_found`, `conflict`.
        """

    async def of_run(self, run_id: str) -> Definition | None:
        """The definition that a run began with."""

    async def schedule(self, schedule_id: str) -> Schedule | None: ...

    async def schedules(
        self, workflow_id: str | None = None, after: str = "", limit: int = 100
    ) -> list[Schedule]:
        """Of a workflow, or all, by id after an id."""

    async def next_schedules(self, limit: int) -> list[Schedule]:
        """Those whose time comes first, soonest first."""


class RunReader(Protocol):
    """What is around runs, and what they wait for."""

    async def around(self, run_id: str) -> Around | None:
        """What decides whether a run can go on, beside the run itself."""

    async def count_steps(self, run_id: str) -> int:
        """How many attempts of steps a run has."""

    async def run_of_step(self, attempt_id: str) -> str | None:
        """The run of an attempt of a step."""

    async def first_context(self, run_id: str) -> Any:
        """The context that a run began with, if it has changed since; else None."""

    async def waiting_approvals(
        self, run_id: str | None = None, after: int = 0, limit: int = 100
    ) -> list[Step]:
        """What waits for approval, in a run or in all, oldest first, after a seq."""

    async def open_waits(self) -> list[OpenWait]:
        """All that waits for a message, oldest first."""

    async def earliest_due(self) -> str | None:
        """When the first of all waits ends."""

    async def messages_for(
        self, wanted: OpenWait, now: str, after: int = 0, limit: int = 100
    ) -> list[Message]:
        """Messages after a seq that a wait may want, in commit order; none when there are no more.

        The body (`where`, verdicts) and `deliver_at` are not looked at, and whether a message of a
        mailbox is leased is for the mailbox in memory to say.
        """

    async def prunable(self, ended_before: str | None, keep: int | None, most: int) -> list[int]:
        """Seqs of the runs that ended first, at most `most`: those that ended before a time, and of
        each workflow those beyond the `keep` that ended last.
        """

    async def earliest_end(self) -> str | None:
        """When the first of all finished runs ended."""
