"""create_run, update_run_status and their like: runs as those see them who do not do their steps."""

from functools import partial

from msgspec import Raw

from botbus_daemon.broker import Broker
from botbus_daemon.parking import park
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.runs.why import Surroundings, explain
from botbus_daemon.wire_json import json_map, json_text
from botbus_protocol import requests, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Run
from botbus_protocol.replies import Explanation, RunReply, Runs
from botbus_protocol.requests import (
    CreateRun,
    ExplainRun,
    GetRun,
    ListCrashedRuns,
    ListRuns,
    RetryRun,
    SuspendRun,
    UpdateRunStatus,
    WaitRun,
)
from botbus_protocol.states import RUN_ENDS
from botbus_storage import clock
from botbus_storage import workflow_operations as ops
from botbus_storage.reading.runs import RunScope
from botbus_storage.workflow_operations import CreatedRun, MovedRun

CLAIM_SECONDS = 30.0
"""Length of the lease of a run that is claimed by its status."""
OF_HOLDERS = frozenset({"completed", "failed", "crashed"})
"""What the connection of a run's holder says of it without naming the lease. What anybody may ask for
is asked for by somebody else, even on that connection: the worker is told like any other."""


async def create_run(broker: Broker, caller: Caller, request: CreateRun) -> Plan:
    session = caller.bot()
    operation = ops.CreateRun(
        id=request.id,
        workflow=request.workflow,
        version=request.version,
        bot_id=session.bot_id,
        input=_value(broker, request.input, "run_input"),
        context=_context(broker, request.context),
        key=request.key,
        concurrency_key=request.concurrency_key,
        concurrency_limit=request.concurrency_limit,
        priority=request.priority,
        due_at=_in_seconds(request.delay) if request.delay else None,
        trigger_type=request.trigger_type,
        parent=request.parent,
        parent_step=request.parent_step,
        lease=None if request.lease is None else broker.next_lease(),
        holder_pid=session.connection.peer.pid,
    )
    return Write(operation, partial(_created, broker, caller, request, operation.lease))


def _created(
    broker: Broker, caller: Caller, request: CreateRun, lease: str | None, outcome: CreatedRun
) -> RunReply:
    seconds = request.lease
    if not outcome.claimed or lease is None or seconds is None:
        broker.runs.follow(outcome.aftermath)
        return RunReply(run=outcome.run, created=outcome.created)
    broker.runs.hold(outcome.run.id, lease, caller.bot(), seconds)
    broker.runs.follow(outcome.aftermath)
    return RunReply(
        run=outcome.run,
        created=outcome.created,
        lease=lease,
        lease_expires_at=_in_seconds(seconds),
    )


async def update_run_status(broker: Broker, caller: Caller, request: UpdateRunStatus) -> Plan:
    session = caller.bot()
    lease = request.lease
    broker.runs.leases.check(request.id, lease, session)
    if lease is None and request.status in OF_HOLDERS:
        lease = broker.runs.leases.lease_of(caller.connection, request.id)
    operation = ops.UpdateRunStatus(
        id=request.id,
        status=request.status,
        error=request.error,
        context=_context(broker, request.context),
        result=_value(broker, request.result, "run_result"),
        lease=lease,
        new_lease=broker.next_lease() if request.status == "running" else None,
        bot_id=session.bot_id,
        holder_pid=session.connection.peer.pid,
        context_limit=broker.settings.limits.context_bytes,
    )
    return Write(operation, partial(_moved, broker, caller, operation))


def _moved(
    broker: Broker, caller: Caller, operation: ops.UpdateRunStatus, outcome: MovedRun
) -> RunReply:
    run, lease = outcome.run, operation.new_lease
    if operation.lease is not None and run.status != "running":
        broker.runs.leases.drop(run.id, operation.lease)
    if lease is None or not outcome.changed:
        broker.runs.follow(outcome.aftermath)
        return RunReply(run=run)
    broker.runs.hold(run.id, lease, caller.bot(), CLAIM_SECONDS)
    broker.runs.follow(outcome.aftermath)
    return RunReply(run=run, lease=lease, lease_expires_at=_in_seconds(CLAIM_SECONDS))


async def suspend_run(broker: Broker, caller: Caller, request: SuspendRun) -> Plan:
    broker.runs.leases.check(request.id, request.lease, caller.bot())
    due_at = None if request.retry_in is None else _in_seconds(request.retry_in)
    operation = ops.SuspendRun(
        id=request.id, lease=request.lease, due_at=due_at, heard=request.heard
    )

    def then(outcome: MovedRun) -> RunReply:
        broker.runs.leases.drop(request.id, request.lease)
        broker.runs.follow(outcome.aftermath)
        return RunReply(run=outcome.run)

    return Write(operation, then)


async def retry_run(broker: Broker, caller: Caller, request: RetryRun) -> Plan:
    caller.bot()
    operation = ops.RetryRun(id=request.id, from_step=request.from_step, attempt=request.attempt)

    def then(outcome: MovedRun) -> RunReply:
        broker.runs.follow(outcome.aftermath)
        return RunReply(run=outcome.run)

    return Write(operation, then)


# Looking


async def get_run(broker: Broker, _: Caller, request: GetRun) -> Plan:
    return RunReply(run=await _run(broker, request.id))


async def list_runs(broker: Broker, _: Caller, request: ListRuns) -> Plan:
    scope = RunScope(
        workflow=request.workflow,
        status=request.status,
        key=request.key,
        text=request.text,
        created_after=_time(request.created_after, "created_after"),
        created_before=_time(request.created_before, "created_before"),
        before=request.before,
        limit=min(request.limit, broker.settings.limits.fetch_messages),
    )
    return Runs(runs=await broker.store.workflows.list_runs(scope))


async def list_crashed_runs(broker: Broker, _: Caller, request: ListCrashedRuns) -> Plan:
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    return Runs(runs=await broker.store.workflows.list_crashed_runs(request.after, limit))


async def wait_run(broker: Broker, caller: Caller, request: WaitRun) -> Plan:
    """Waits first and looks then: an end that comes in between is not missed."""
    ended = broker.runs.endings.wait(request.id)
    try:
        run = await _run(broker, request.id)
        if run.status not in RUN_ENDS and request.wait > 0:
            await park(broker, caller, ended, request.wait)
            run = await _run(broker, request.id)
        return RunReply(run=run)
    finally:
        broker.runs.endings.forget(request.id, ended)


async def explain_run(broker: Broker, _: Caller, request: ExplainRun) -> Plan:
    run = await _run(broker, request.id)
    around = await broker.store.runs.around(request.id)
    if around is None:
        raise _unknown(request.id)
    offers_of = broker.runs.claims.offers_of
    surroundings = Surroundings(
        workflow_status=around.workflow_status,
        concurrency=around.concurrency,
        running=around.running,
        offers=offers_of(run.workflow_id),
        slot_holders=around.slot_holders,
        current_steps=around.current_steps,
        namesakes=[owner for other, owner in around.namesakes.items() if offers_of(other)],
    )
    return Explanation(sentence=explain(run, surroundings), run=run)


async def _run(broker: Broker, run_id: str) -> Run:
    run = await broker.store.workflows.get_run(run_id)
    if run is None:
        raise _unknown(run_id)
    return run


def _unknown(run_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"there is no run {run_id}: `botbus run list` shows them")


def _value(broker: Broker, raw: Raw, what: str) -> str | None:
    return json_text(raw, what, broker.settings.limits.step_output_bytes)


def _context(broker: Broker, raw: Raw) -> str | None:
    return json_map(raw, "context", broker.settings.limits.context_bytes)


def _time(text: str | None, what: str) -> str | None:
    return None if text is None else timestamps.normal_time(text, what)


def _in_seconds(seconds: float) -> str:
    return timestamps.from_epoch(clock.now() + seconds)


HANDLERS: dict[type[requests.Request], Handler] = {
    CreateRun: create_run,
    GetRun: get_run,
    ListRuns: list_runs,
    ListCrashedRuns: list_crashed_runs,
    UpdateRunStatus: update_run_status,
    SuspendRun: suspend_run,
    RetryRun: retry_run,
    WaitRun: wait_run,
    ExplainRun: explain_run,
}
