"""The requests about workflow definitions and schedules."""

from typing import ClassVar

from msgspec import Raw

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id, check_name, check_name_or_id
from botbus_protocol.records.workflows import CatchUp, OwnerType
from botbus_protocol.requests.request import Request, check_count


class SaveDefinition(Request, frozen=True, tag="save_definition"):
    """Saves a workflow: anew, or in place of the one with its id, or with its name and owner."""

    mutates: ClassVar[bool] = True

    definition: Raw
    """A map: name, version, steps and the rest (docs/workflows.md); unknown fields are kept."""
    owner_type: OwnerType = "bot"
    """`bot`: it belongs to the bot that saves it. `global`: it belongs to all."""


class GetDefinition(Request, frozen=True, tag="get_definition"):
    """The definition with an id, or the one that a run began with."""

    id: str | None = None
    run: str | None = None

    def __post_init__(self) -> None:
        if (self.id is None) == (self.run is None):
            raise ValueError("get_definition is of one thing: give id or run")
        check_id(self.id or self.run or "", "id" if self.id is not None else "run")


class GetDefinitionByName(Request, frozen=True, tag="get_definition_by_name"):
    """By name and owner; without an owner: one's own, else the global one, else the only one."""

    name: str
    owner_type: OwnerType | None = None
    owner: str | None = None
    """The bot it belongs to; by default the one that speaks."""

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        if self.owner is not None:
            check_name_or_id(self.owner, "owner")
            if self.owner_type == "global":
                raise ValueError("a global workflow has no owner: leave owner out")


class ListDefinitions(Request, frozen=True, tag="list_definitions"):
    """Definitions by name."""

    owner_type: OwnerType | None = None
    owner: str | None = None
    after: str = ""
    """Only names that sort after this one: the last name of the page before."""
    after_id: str = ""
    """For the next page: the id of the last one too, since owners may use the same name."""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.owner is not None:
            check_name_or_id(self.owner, "owner")
        check_count(self.limit, "limit")


class DeleteDefinition(Request, frozen=True, tag="delete_definition"):
    """Deletes a workflow that has no runs; with `force`, its finished runs too."""

    mutates: ClassVar[bool] = True

    id: str
    force: bool = False

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class SaveSchedule(Request, frozen=True, tag="save_schedule"):
    """Starts runs of a workflow by the clock; the same id again replaces the schedule."""

    mutates: ClassVar[bool] = True

    id: str
    workflow: str
    """Its name or id."""
    cron: str
    """Five fields: minute, hour, day, month, weekday; or six with seconds first."""
    timezone: str = "UTC"
    """A name of the tz database, as Europe/Berlin."""
    catch_up: CatchUp = "one"
    """What of the times that passed while no daemon ran is made up for."""
    input: Raw = NULL

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_name_or_id(self.workflow, "workflow")


class ListSchedules(Request, frozen=True, tag="list_schedules"):
    workflow: str | None = None
    after: str = ""
    """Only ids that sort after this one."""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.workflow is not None:
            check_name_or_id(self.workflow, "workflow")
        check_count(self.limit, "limit")


class DeleteSchedule(Request, frozen=True, tag="delete_schedule"):
    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


WorkflowRequest = (
    SaveDefinition
    | GetDefinition
    | GetDefinitionByName
    | ListDefinitions
    | DeleteDefinition
    | SaveSchedule
    | ListSchedules
    | DeleteSchedule
)
