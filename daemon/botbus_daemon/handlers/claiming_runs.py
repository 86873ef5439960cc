"""claim_runs, cancel_claim, extend_runs: what workers say about the runs they hold."""

import msgspec

from botbus_daemon.broker import Broker
from botbus_daemon.parking import park
from botbus_daemon.plans import Caller, Handler, Plan
from botbus_daemon.presence import Session
from botbus_daemon.runs.claims import Claimer, Grant
from botbus_protocol import requests, timestamps
from botbus_protocol.records import ClaimedRun
from botbus_protocol.replies import Claimed, Done, Extended
from botbus_protocol.requests import CancelClaim, ClaimRuns, ExtendRuns
from botbus_storage import clock

STEPS_SHOWN = 1000
"""Steps that are told along with a run; the others are read page by page."""


async def claim_runs(broker: Broker, caller: Caller, request: ClaimRuns) -> Plan:
    session = caller.bot()
    runs = broker.runs
    if _ticket(request.ticket) in session.cancelled_tickets:
        return Claimed()
    offers = [(offer.id, offer.version) for offer in request.workflows]
    claimer = Claimer(session, offers, request.max, request.lease, request.ticket)
    try:
        await runs.claims.look(claimer)
        if not claimer.future.done() and not runs.notices.any(session) and request.wait > 0:
            await park(broker, caller, claimer.future, request.wait)
    finally:
        runs.claims.unpark(claimer)
    grants = claimer.future.result() if claimer.future.done() else []
    return await _claimed(broker, session, request, grants)


async def _claimed(
    broker: Broker, session: Session, request: ClaimRuns, grants: list[Grant]
) -> Claimed:
    """What one answer holds of it; the rest is given back."""
    expires_at = timestamps.from_epoch(clock.now() + request.lease)
    room = broker.settings.limits.frame_bytes
    claimed: list[ClaimedRun] = []
    for number, grant in enumerate(grants):
        if room <= 0:
            broker.runs.give_back(grants[number:])
            break
        claimed.append(await _with_steps(broker, grant, expires_at))
        room -= _size(claimed[-1])
    return Claimed(runs=claimed, notices=broker.runs.notices.take(session, request.ticket))


def _size(claimed: ClaimedRun) -> int:
    """Bytes of what may be large."""
    parts = [claimed.run.input, claimed.run.context, claimed.base]
    parts += [part for step in claimed.steps for part in (step.input, step.output)]
    return sum(len(part) for part in parts if part)


async def _with_steps(broker: Broker, grant: Grant, expires_at: str) -> ClaimedRun:
    """A claimed run with what is known of its steps; one that is claimed first has none yet."""
    run = grant.run
    one = ClaimedRun(run=run, lease=grant.lease, lease_expires_at=expires_at)
    if run.attempt <= 1:
        return one
    page = await broker.store.workflows.list_step_logs(run.id, 0, STEPS_SHOWN, all_rows=False)
    base = await broker.store.runs.first_context(run.id)
    return msgspec.structs.replace(one, steps=page.steps, more_steps=page.more, base=base)


async def cancel_claim(broker: Broker, caller: Caller, request: CancelClaim) -> Plan:
    session = caller.bot()
    runs = broker.runs
    session.cancel(_ticket(request.ticket))
    parked = [c for c in runs.claims.parked_by(session) if c.ticket == request.ticket]
    for claimer in parked:
        runs.claims.unpark(claimer)
        claimer.end()
    runs.notices.give_back(session, request.ticket)
    unseen = [held for held in runs.leases.held_by(session) if held.ticket == request.ticket]
    runs.give_back(unseen)
    return Done(changed=bool(parked or unseen), count=len(unseen))


def _ticket(word: str) -> str:
    """The tickets of claims and those of fetches are apart."""
    return f"claim:{word}"


async def extend_runs(broker: Broker, caller: Caller, request: ExtendRuns) -> Plan:
    caller.bot()
    leases = broker.runs.leases
    lost = [
        run
        for run, lease in request.leases.items()
        if leases.lease_of(caller.connection, run) != lease
        or not leases.extend(run, lease, request.seconds)
    ]
    expires_at = timestamps.from_epoch(clock.now() + request.seconds)
    return Extended(lease_expires_at=expires_at, lost=lost)


HANDLERS: dict[type[requests.Request], Handler] = {
    ClaimRuns: claim_runs,
    CancelClaim: cancel_claim,
    ExtendRuns: extend_runs,
}
