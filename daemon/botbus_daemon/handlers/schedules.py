"""save_schedule, list_schedules, delete_schedule."""

import time

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.runs.cron import Clockwork
from botbus_daemon.wire_json import json_text
from botbus_protocol import requests, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.replies import Done, ScheduleReply, Schedules
from botbus_protocol.requests import DeleteSchedule, ListSchedules, SaveSchedule
from botbus_storage import workflow_operations as ops
from botbus_storage.operations import Changed
from botbus_storage.workflow_operations import SavedSchedule


async def save_schedule(broker: Broker, caller: Caller, request: SaveSchedule) -> Plan:
    session = caller.bot()
    workflow = await broker.store.definitions.resolve(request.workflow, session.bot_id)
    operation = ops.SaveSchedule(
        id=request.id,
        workflow_id=workflow.id,
        cron=request.cron,
        timezone=request.timezone,
        catch_up=request.catch_up,
        input=json_text(request.input, "run_input", broker.settings.limits.step_output_bytes),
        bot_id=session.bot_id,
        next_at=_first(request),
    )

    def then(outcome: SavedSchedule) -> ScheduleReply:
        broker.runs.schedules.errand.at(outcome.schedule.next_at)
        return ScheduleReply(schedule=outcome.schedule)

    return Write(operation, then)


def _first(request: SaveSchedule) -> str:
    """When it fires first. Raises Refused (`invalid`)."""
    try:
        clockwork = Clockwork(request.cron, request.timezone)
        return clockwork.after(timestamps.from_epoch(time.time()))
    except ValueError as error:
        raise Refused(Code.INVALID, str(error)) from None


async def list_schedules(broker: Broker, caller: Caller, request: ListSchedules) -> Plan:
    workflow = None
    if request.workflow is not None:
        speaker = "" if caller.session is None else caller.session.bot_id
        workflow = (await broker.store.definitions.resolve(request.workflow, speaker)).id
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    return Schedules(
        schedules=await broker.store.definitions.schedules(workflow, request.after, limit)
    )


async def delete_schedule(_: Broker, caller: Caller, request: DeleteSchedule) -> Plan:
    caller.bot()

    def then(outcome: Changed) -> Done:
        return Done(changed=outcome.changed)

    return Write(ops.DeleteSchedule(id=request.id), then)


HANDLERS: dict[type[requests.Request], Handler] = {
    SaveSchedule: save_schedule,
    ListSchedules: list_schedules,
    DeleteSchedule: delete_schedule,
}
