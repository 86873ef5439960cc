"""`bus.workflows`: the definitions of workflows, and the schedules that start them."""

# ruff: noqa: A002 - id and input are words of the contract

from typing import Any

from botbus.requesting import checked
from botbus.room import EVERYTHING, Room
from botbus.values import packed
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.records import CatchUp, Definition, OwnerType, Schedule
from botbus_protocol.replies import DefinitionReply, Definitions, Done, ScheduleReply, Schedules


class WorkflowGroup(Room):
    async def save(self, definition: dict[str, Any], owner_type: OwnerType = "bot") -> Definition:
        """Saves a workflow, anew or in place of the one with its id, or with its name and owner.

        `definition` has a `name`, and may have `version`, `description`, `status`, `steps`,
        `concurrency`, `timeout_secs`, `triggers`, `metadata` and whatever else: unknown fields are
        kept. It belongs to this bot, or with `owner_type="global"` to all. Raises Invalid, with a
        sentence, for one that is wrong (a cycle in its steps, say).
        """
        request = checked(
            requests.SaveDefinition,
            definition=packed(definition, "definition"),
            owner_type=owner_type,
        )
        return (await self._transport.call(request, DefinitionReply)).definition

    async def get(self, id: str) -> Definition:
        """Raises NotFound."""
        return await self._one(checked(requests.GetDefinition, id=id))

    async def of_run(self, run: str) -> Definition:
        """The definition that a run began with, whatever has been saved since."""
        return await self._one(checked(requests.GetDefinition, run=run))

    async def by_name(
        self, name: str, owner: str | None = None, owner_type: OwnerType | None = None
    ) -> Definition:
        """By name and owner; without an owner: one's own, else the global one, else the only one.

        Raises NotFound, and Conflict if several bots have one of that name.
        """
        return await self._one(
            checked(requests.GetDefinitionByName, name=name, owner=owner, owner_type=owner_type)
        )

    async def delete(self, id: str, force: bool = False) -> bool:
        """Deletes a workflow that has no runs; with `force` its finished runs too.

        False if there was none. Raises Conflict if it has runs that are in the way.
        """
        request = checked(requests.DeleteDefinition, id=id, force=force)
        return (await self._transport.call(request, Done)).changed

    async def schedule(
        self,
        workflow: str,
        cron: str,
        *,
        id: str | None = None,
        timezone: str = "UTC",
        catch_up: CatchUp = "one",
        input: Any = None,
    ) -> Schedule:
        """Starts a run of a workflow (its name or id) whenever the clock matches `cron`.

        `catch_up` says what of the times that passed while no daemon ran is made up for: "none",
        the last "one", or "all". With the `id` of a schedule, that one is replaced.
        """
        request = checked(
            requests.SaveSchedule,
            id=id or new_id(),
            workflow=workflow,
            cron=cron,
            timezone=timezone,
            catch_up=catch_up,
            input=packed(input, "input"),
        )
        return (await self._transport.call(request, ScheduleReply)).schedule

    async def schedules(
        self, workflow: str | None = None, limit: int = EVERYTHING
    ) -> list[Schedule]:
        """The schedules of a workflow, or all."""

        async def page(after: str, want: int) -> list[Schedule]:
            request = checked(requests.ListSchedules, workflow=workflow, after=after, limit=want)
            return (await self._transport.call(request, Schedules)).schedules

        return await self._paged(limit, "", page, lambda schedule: schedule.id)

    async def unschedule(self, id: str) -> bool:
        """Deletes a schedule; False if there was none."""
        return (await self._transport.call(checked(requests.DeleteSchedule, id=id), Done)).changed

    async def list(
        self,
        owner: str | None = None,
        owner_type: OwnerType | None = None,
        limit: int = EVERYTHING,
    ) -> "DefinitionList":
        """Definitions by name: of one owner, of a kind of owner, or all."""

        async def page(after: tuple[str, str], want: int) -> DefinitionList:
            request = checked(
                requests.ListDefinitions,
                owner=owner,
                owner_type=owner_type,
                after=after[0],
                after_id=after[1],
                limit=want,
            )
            return (await self._transport.call(request, Definitions)).definitions

        return await self._paged(limit, ("", ""), page, lambda found: (found.name, found.id))

    async def _one(
        self, request: requests.GetDefinition | requests.GetDefinitionByName
    ) -> Definition:
        return (await self._transport.call(request, DefinitionReply)).definition


DefinitionList = list[Definition]
