"""create_session, get_session, list_sessions, update_session, end_session."""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import found, window
from botbus_daemon.resolving import bot_named
from botbus_protocol import requests
from botbus_protocol.records import Session
from botbus_protocol.replies import SessionReply, Sessions
from botbus_protocol.requests import (
    CreateSession,
    EndSession,
    GetSession,
    ListSessions,
    UpdateSession,
)
from botbus_storage.reading.records.workstreams import SessionScope
from botbus_storage.record_operations import workstreams as ops
from botbus_storage.record_operations.outcomes import Kept


async def create_session(broker: Broker, caller: Caller, request: CreateSession) -> Plan:
    caller.bot()
    operation = ops.CreateSession(
        id=request.id,
        workstream_id=request.workstream_id,
        session_type=request.session_type,
        peer_bot_id=await _peer(broker, request.peer_bot),
    )
    return Write(operation, _reply)


async def get_session(broker: Broker, _: Caller, request: GetSession) -> Plan:
    there = await broker.store.workstreams.get_session(request.id)
    advice = "`botbus session list` lists them"
    return SessionReply(session=found(there, "session", request.id, advice))


async def list_sessions(broker: Broker, _: Caller, request: ListSessions) -> Plan:
    scope = SessionScope(
        workstream_id=request.workstream_id,
        peer_bot_id=await _peer(broker, request.peer_bot),
        open=request.open,
    )
    page = window(
        broker, request.started_after, request.started_before, request.before_id, request.limit
    )
    return Sessions(sessions=await broker.store.workstreams.list_sessions(scope, page))


async def update_session(_: Broker, caller: Caller, request: UpdateSession) -> Plan:
    caller.bot()
    operation = ops.UpdateSession(
        id=request.id,
        turn_count=request.turn_count,
        summary=request.summary,
        compressed=request.compressed,
    )
    return Write(operation, _reply)


async def end_session(_: Broker, caller: Caller, request: EndSession) -> Plan:
    caller.bot()
    operation = ops.EndSession(
        id=request.id, turn_count=request.turn_count, summary=request.summary
    )
    return Write(operation, _reply)


async def _peer(broker: Broker, name: str | None) -> str | None:
    return None if name is None else (await bot_named(broker, name)).id


def _reply(outcome: Kept[Session]) -> SessionReply:
    return SessionReply(session=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    CreateSession: create_session,
    GetSession: get_session,
    ListSessions: list_sessions,
    UpdateSession: update_session,
    EndSession: end_session,
}
