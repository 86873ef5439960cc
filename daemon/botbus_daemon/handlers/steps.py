"""begin_step, complete_step, fail_step and their like: the checkpoints of runs.

A checkpoint is one operation and nothing else: the lease in the run's row decides, inside the
transaction. What is said here is a sign of life too, and the lease begins anew.
"""

import logging
from functools import partial

import msgspec
from msgspec import Raw

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.resolving import bot_named
from botbus_daemon.runs.matching import MessageWait
from botbus_daemon.wire_json import json_text
from botbus_protocol import requests, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_protocol.replies import Checkpoint, StepIds, StepReply, Steps
from botbus_protocol.requests import (
    BeginStep,
    CompleteStep,
    CreateStepLog,
    FailStep,
    GetCompletedStepIds,
    ListStepLogs,
    UpdateStepStatus,
    WaitFor,
)
from botbus_storage import clock
from botbus_storage import workflow_operations as ops
from botbus_storage.reading.waits import OpenWait
from botbus_storage.workflow_operations import BegunStep, Checkpointed, SteppedLog, StepWait

logger = logging.getLogger(__name__)

STORED = Checkpoint()
Finish = CompleteStep | FailStep


def complete_step(broker: Broker, caller: Caller, request: CompleteStep) -> Plan:
    broker.runs.leases.check(request.run, request.lease, caller.bot())
    limits = broker.settings.limits
    operation = ops.FinishStep(
        run=request.run,
        step=request.step,
        lease=request.lease,
        status="completed",
        output=json_text(request.output, "step_output", limits.step_output_bytes),
        attempt=request.attempt,
        name=request.name,
        kind=request.kind,
        input=json_text(request.input, "step_input", limits.step_output_bytes),
        elapsed=request.elapsed,
        context=_changes(request.context, limits.context_bytes) if request.context else (),
        context_limit=limits.context_bytes,
        output_limit=limits.step_output_bytes,
    )
    return Write(operation, partial(_finished, broker, request))


def fail_step(broker: Broker, caller: Caller, request: FailStep) -> Plan:
    broker.runs.leases.check(request.run, request.lease, caller.bot())
    operation = ops.FinishStep(
        run=request.run,
        step=request.step,
        lease=request.lease,
        status="failed",
        error=request.error,
        final=request.final,
        attempt=request.attempt,
        name=request.name,
        kind=request.kind,
        input=json_text(request.input, "step_input", broker.settings.limits.step_output_bytes),
        elapsed=request.elapsed,
    )
    return Write(operation, partial(_finished, broker, request))


def _changes(context: dict[str, Raw], limit: int) -> tuple[tuple[str, str | None], ...]:
    return tuple((key, json_text(raw, "context", limit)) for key, raw in context.items())


def _finished(broker: Broker, request: Finish, outcome: Checkpointed) -> Checkpoint:
    _alive(broker, request, pausing=outcome.pausing)
    broker.runs.follow(outcome.aftermath)
    broker.tally.steps += outcome.changed
    if outcome.context_bytes:
        limit = broker.settings.limits.context_bytes
        logger.warning(
            "the context of run %s has %d bytes; the limit is %d",
            request.run,
            outcome.context_bytes,
            limit,
        )
    if outcome.changed and not outcome.pausing:
        return STORED
    return Checkpoint(changed=outcome.changed, pausing=outcome.pausing)


def _alive(broker: Broker, request: Finish | BeginStep, *, pausing: bool) -> None:
    """A sign of life of who holds a run; or its last one, if the run was paused by it."""
    if pausing:
        broker.runs.leases.drop(request.run, request.lease)
    else:
        broker.runs.leases.touch(request.run, request.lease)


async def begin_step(broker: Broker, caller: Caller, request: BeginStep) -> Plan:
    session = caller.bot()
    broker.runs.leases.check(request.run, request.lease, session)
    wait = request.wait
    operation = ops.BeginStep(
        run=request.run,
        step=request.step,
        lease=request.lease,
        name=request.name,
        kind=request.kind,
        input=json_text(request.input, "step_input", broker.settings.limits.step_output_bytes),
        wait=None if wait is None else await _wait(broker, session.bot_id, wait),
        elapsed=request.elapsed,
    )
    return Write(operation, partial(_begun, broker, request))


async def _wait(broker: Broker, bot_id: str, wait: WaitFor) -> StepWait:
    reads_mailbox = wait.channel is None and (
        wait.kind == "message" or (wait.kind == "approval" and wait.reply_to is not None)
    )
    return StepWait(
        kind=wait.kind,
        due_at=None if wait.seconds is None else timestamps.from_epoch(clock.now() + wait.seconds),
        bot_id=bot_id if reads_mailbox else None,
        channel=await _channel(broker, wait.channel),
        type=wait.type,
        sender=await _sender(broker, wait.sender),
        reply_to=wait.reply_to,
        where=None if wait.where is None else msgspec.json.encode(wait.where).decode(),
        child=wait.child,
    )


async def _channel(broker: Broker, name: str | None) -> str | None:
    """Raises Refused (`not_found`): nothing ever comes into a channel that is not there."""
    if name is not None and await broker.store.directory.find_channel(name) is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no channel {name!r}: create it first", channel=name
        )
    return name


async def _sender(broker: Broker, sender: str | None) -> str | None:
    """The name of a sender, who may be told by id."""
    if sender is None or not looks_like_id(sender):
        return sender
    return (await bot_named(broker, sender)).name


def _begun(broker: Broker, request: BeginStep, outcome: BegunStep) -> StepReply:
    _alive(broker, request, pausing=outcome.pausing)
    broker.runs.follow(outcome.aftermath)
    wait = outcome.wait
    if wait is not None and (wait.bot_id is not None or wait.channel is not None):
        begun = OpenWait(run=request.run, step=request.step, wait=wait, after_seq=outcome.after_seq)
        broker.runs.waits.begin(MessageWait.of(begun))
    return StepReply(step=outcome.step, permitted=outcome.permitted, pausing=outcome.pausing)


# Steps as they are told


async def create_step_log(broker: Broker, caller: Caller, request: CreateStepLog) -> Plan:
    broker.runs.leases.check(request.run, request.lease, caller.bot())
    limit = broker.settings.limits.step_output_bytes
    operation = ops.CreateStepLog(
        id=request.id,
        run=request.run,
        step=request.step,
        name=request.name,
        status=request.status,
        attempt=request.attempt,
        input=json_text(request.input, "step_input", limit),
        output=json_text(request.output, "step_output", limit),
        error=request.error,
        lease=request.lease or broker.runs.leases.lease_of(caller.connection, request.run),
    )
    return Write(operation, partial(_told, broker))


async def update_step_status(broker: Broker, caller: Caller, request: UpdateStepStatus) -> Plan:
    operation = ops.UpdateStepStatus(
        id=request.id,
        status=request.status,
        output=json_text(request.output, "step_output", broker.settings.limits.step_output_bytes),
        error=request.error,
        lease=await _lease_of_step(broker, caller, request),
    )
    return Write(operation, partial(_told, broker))


async def _lease_of_step(broker: Broker, caller: Caller, request: UpdateStepStatus) -> str | None:
    session, leases = caller.bot(), broker.runs.leases
    run = await broker.store.runs.run_of_step(request.id)
    if run is None:
        return request.lease
    leases.check(run, request.lease, session)
    return request.lease or leases.lease_of(caller.connection, run)


def _told(broker: Broker, outcome: SteppedLog) -> StepReply:
    broker.runs.follow(outcome.aftermath)
    return StepReply(step=outcome.step, pausing=outcome.pausing)


# Looking


async def list_step_logs(broker: Broker, _: Caller, request: ListStepLogs) -> Plan:
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    page = await broker.store.workflows.list_step_logs(
        request.run, request.after, limit, all_rows=request.all
    )
    if not page.steps:
        await _require_run(broker, request.run)
    return Steps(steps=page.steps, more=page.more)


async def get_completed_step_ids(broker: Broker, _: Caller, request: GetCompletedStepIds) -> Plan:
    ids = await broker.store.workflows.get_completed_step_ids(request.run)
    if not ids:
        await _require_run(broker, request.run)
    return StepIds(step_ids=ids)


async def _require_run(broker: Broker, run_id: str) -> None:
    if await broker.store.workflows.get_run(run_id) is None:
        raise Refused(Code.NOT_FOUND, f"there is no run {run_id}: `botbus run list` shows them")


HANDLERS: dict[type[requests.Request], Handler] = {
    BeginStep: begin_step,
    CompleteStep: complete_step,
    FailStep: fail_step,
    CreateStepLog: create_step_log,
    UpdateStepStatus: update_step_status,
    ListStepLogs: list_step_logs,
    GetCompletedStepIds: get_completed_step_ids,
}
