"""What can be done to schedules, which start runs at their times."""

from msgspec import Struct

from botbus_protocol.records import Schedule
from botbus_storage.operations import Operation


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
