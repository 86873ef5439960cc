"""save_definition and its like: workflows as they are saved."""

from functools import partial
from typing import Any

import msgspec

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.resolving import bot_named
from botbus_daemon.wire_json import json_map
from botbus_protocol import requests
from botbus_protocol.definitions import Outline, outline_of
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Definition
from botbus_protocol.replies import DefinitionReply, Definitions, Done
from botbus_protocol.requests import (
    DeleteDefinition,
    GetDefinition,
    GetDefinitionByName,
    ListDefinitions,
    SaveDefinition,
)
from botbus_storage import workflow_operations as ops
from botbus_storage.operations import Changed
from botbus_storage.reading.workflows import Shelf
from botbus_storage.workflow_operations import SavedDefinition


async def save_definition(broker: Broker, caller: Caller, request: SaveDefinition) -> Plan:
    session = caller.bot()
    text = json_map(request.definition, "definition", broker.settings.limits.frame_bytes)
    outline = _outline(text)
    owned = request.owner_type == "bot"
    operation = ops.SaveDefinition(
        id=outline.id,
        name=outline.name,
        version=outline.version,
        description=outline.description,
        status=outline.status,
        owner_type=request.owner_type,
        owner_bot_id=session.bot_id if owned else None,
        concurrency=outline.concurrency,
        timeout_secs=outline.timeout_secs,
        definition=text or "null",
    )
    return Write(operation, partial(_saved, broker))


def _outline(text: str | None) -> Outline:
    definition: Any = None if text is None else msgspec.json.decode(text)
    try:
        return outline_of(definition)
    except ValueError as error:
        raise Refused(Code.INVALID, str(error)) from None


def _saved(broker: Broker, outcome: SavedDefinition) -> DefinitionReply:
    broker.runs.follow(outcome.aftermath)
    return DefinitionReply(definition=outcome.definition, created=outcome.created)


async def get_definition(broker: Broker, _: Caller, request: GetDefinition) -> Plan:
    if request.run is not None:
        found = await broker.store.definitions.of_run(request.run)
        return _reply(found, f"there is no run {request.run}: `botbus run list` shows them")
    found = await broker.store.workflows.get_definition(request.id or "")
    return _reply(found, f"there is no workflow {request.id}: `botbus workflow list` shows them")


async def get_definition_by_name(
    broker: Broker, caller: Caller, request: GetDefinitionByName
) -> Plan:
    workflows = broker.store.workflows
    if request.owner_type == "global":
        found = await workflows.get_definition_by_name(request.name, "global")
    elif request.owner is not None:
        owner = await bot_named(broker, request.owner)
        found = await workflows.get_definition_by_name(request.name, "bot", owner.id)
    elif request.owner_type == "bot":
        found = await workflows.get_definition_by_name(request.name, "bot", caller.bot().bot_id)
    else:
        speaker = "" if caller.session is None else caller.session.bot_id
        found = await broker.store.definitions.resolve(request.name, speaker)
    return _reply(
        found, f"this owner has no workflow {request.name!r}: `botbus workflow list` shows them"
    )


def _reply(definition: Definition | None, sentence: str) -> DefinitionReply:
    if definition is None:
        raise Refused(Code.NOT_FOUND, sentence)
    return DefinitionReply(definition=definition)


async def list_definitions(broker: Broker, _: Caller, request: ListDefinitions) -> Plan:
    owner = None if request.owner is None else await bot_named(broker, request.owner)
    shelf = Shelf(
        owner_type=request.owner_type,
        owner_bot_id=None if owner is None else owner.id,
        after=(request.after, request.after_id),
        limit=min(request.limit, broker.settings.limits.fetch_messages),
    )
    return Definitions(definitions=await broker.store.workflows.list_definitions(shelf))


async def delete_definition(_: Broker, caller: Caller, request: DeleteDefinition) -> Plan:
    caller.bot()

    def then(outcome: Changed) -> Done:
        return Done(changed=outcome.changed, count=outcome.count)

    return Write(ops.DeleteDefinition(id=request.id, force=request.force), then)


HANDLERS: dict[type[requests.Request], Handler] = {
    SaveDefinition: save_definition,
    GetDefinition: get_definition,
    GetDefinitionByName: get_definition_by_name,
    ListDefinitions: list_definitions,
    DeleteDefinition: delete_definition,
}
