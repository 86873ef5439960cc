"""create_workstream, get_workstream, list_workstreams, update_workstream, delete_workstream, set_tags,
get_tags, ensure_scratch.
"""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import changing, found, window
from botbus_protocol import requests
from botbus_protocol.records import Workstream
from botbus_protocol.replies import Tags, WorkstreamReply, Workstreams
from botbus_protocol.requests import (
    CreateWorkstream,
    DeleteWorkstream,
    EnsureScratch,
    GetTags,
    GetWorkstream,
    ListWorkstreams,
    SetTags,
    UpdateWorkstream,
)
from botbus_storage.record_operations import workstreams as ops
from botbus_storage.record_operations.outcomes import Kept

_ADVICE = "`botbus workstream list` lists them"


async def create_workstream(_: Broker, caller: Caller, request: CreateWorkstream) -> Plan:
    caller.bot()
    operation = ops.CreateWorkstream(
        id=request.id,
        title=request.title,
        summary=request.summary or None,
        state=request.state,
        default_model=request.default_model or None,
        tags=tuple(request.tags),
    )
    return Write(operation, _reply)


async def get_workstream(broker: Broker, _: Caller, request: GetWorkstream) -> Plan:
    there = await broker.store.workstreams.get_workstream(request.id)
    return WorkstreamReply(workstream=found(there, "workstream", request.id, _ADVICE))


async def list_workstreams(broker: Broker, _: Caller, request: ListWorkstreams) -> Plan:
    page = window(
        broker, request.created_after, request.created_before, request.before_id, request.limit
    )
    listed = await broker.store.workstreams.list_workstreams(request.state, page)
    return Workstreams(workstreams=listed)


async def update_workstream(_: Broker, caller: Caller, request: UpdateWorkstream) -> Plan:
    caller.bot()
    operation = ops.UpdateWorkstream(
        id=request.id,
        title=request.title,
        summary=request.summary,
        state=request.state,
        default_model=request.default_model,
    )
    return Write(operation, _reply)


async def delete_workstream(_: Broker, caller: Caller, request: DeleteWorkstream) -> Plan:
    caller.bot()
    return changing(ops.DeleteWorkstream(id=request.id))


async def set_tags(_: Broker, caller: Caller, request: SetTags) -> Plan:
    caller.bot()
    operation = ops.SetTags(workstream_id=request.workstream_id, tags=tuple(request.tags))
    return Write(operation, _reply)


async def get_tags(broker: Broker, _: Caller, request: GetTags) -> Plan:
    there = await broker.store.workstreams.get_workstream(request.workstream_id)
    return Tags(tags=found(there, "workstream", request.workstream_id, _ADVICE).tags)


async def ensure_scratch(_: Broker, caller: Caller, __: EnsureScratch) -> Plan:
    caller.bot()
    return Write(ops.EnsureScratch(), _reply)


def _reply(outcome: Kept[Workstream]) -> WorkstreamReply:
    return WorkstreamReply(workstream=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    CreateWorkstream: create_workstream,
    GetWorkstream: get_workstream,
    ListWorkstreams: list_workstreams,
    UpdateWorkstream: update_workstream,
    DeleteWorkstream: delete_workstream,
    SetTags: set_tags,
    GetTags: get_tags,
    EnsureScratch: ensure_scratch,
}
