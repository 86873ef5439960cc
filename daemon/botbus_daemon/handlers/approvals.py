"""decide_step: somebody approves or rejects what waits for it."""

from functools import partial

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_protocol import requests
from botbus_protocol.replies import StepReply
from botbus_protocol.requests import DecideStep
from botbus_storage import workflow_operations as ops
from botbus_storage.workflow_operations import SteppedLog


async def decide_step(broker: Broker, caller: Caller, request: DecideStep) -> Plan:
    session = caller.bot()
    operation = ops.DecideStep(
        run=request.run,
        step=request.step,
        approved=request.approved,
        input_hash=request.input_hash,
        by=request.by or session.bot,
        comment=request.comment,
    )
    return Write(operation, partial(_decided, broker, request))


def _decided(broker: Broker, request: DecideStep, outcome: SteppedLog) -> StepReply:
    broker.runs.waits.forget(request.run, request.step)
    broker.runs.follow(outcome.aftermath)
    return StepReply(step=outcome.step, pausing=outcome.pausing)


HANDLERS: dict[type[requests.Request], Handler] = {DecideStep: decide_step}
