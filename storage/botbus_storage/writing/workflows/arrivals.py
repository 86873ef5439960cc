"""Messages that steps wait for, and waits whose time is over."""

from typing import Any

import msgspec
from msgspec import Raw

from botbus_protocol.records import Message
from botbus_protocol.verdicts import verdict_of
from botbus_storage.operations import RecordDelivery
from botbus_storage.workflow_operations import EndedWaits, EndWaits, FulfilWait, Moved
from botbus_storage.writing.deliveries import record_delivery
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, waits, wakes
from botbus_storage.writing.workflows.approvals import verdict
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.endings import stop
from botbus_storage.writing.workflows.moments import seconds_between
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, save
from botbus_storage.writing.workflows.waits import WaitRow
from botbus_storage.writing.workflows.wakes import Ending

_DELIVERY = """
    SELECT state, attempts, first_fetched_at FROM bot_deliveries WHERE seq = ? AND bot_id = ?
"""
_RECALLED = "SELECT 1 FROM bot_recalls WHERE seq = ?"
_to_json = msgspec.json.Encoder().encode


def fulfil_wait(tx: Transaction, op: FulfilWait) -> Moved:
    wait = waits.of_step(tx, op.run, op.step)
    ending = None if wait is None else _taken(wait, op.message)
    if wait is None or ending is None or not _may_take(tx, op):
        return Moved(count=0)
    after = Consequences(tx)
    wakes.fulfil(tx, wait, ending, after)
    return Moved(count=1, aftermath=after.aftermath)


def _taken(wait: WaitRow, message: Message) -> Ending | None:
    """How a message finishes what waits; None if it does not."""
    if wait.kind == "message":
        return Ending("completed", output=_text_of(message))
    said = verdict_of(message) if wait.kind == "approval" else None
    if said is None:
        return None
    approved, comment = said
    return Ending(
        "completed", output=verdict(approved=approved, by=message.sender, comment=comment)
    )


def _text_of(message: Message) -> str:
    body = message.body
    told: dict[str, Any] = {
        "seq": message.seq,
        "id": message.id,
        "sender": message.sender,
        "channel": message.channel,
        "type": message.type,
        "body": msgspec.msgpack.decode(body) if isinstance(body, Raw) else body,
        "reply_to": message.reply_to,
        "headers": message.headers,
        "timestamp": message.timestamp,
        "thread": message.thread,
    }
    return _to_json(told).decode()


def _may_take(tx: Transaction, op: FulfilWait) -> bool:
    """Takes a direct message out of its mailbox, if it is still to be had."""
    if op.bot_id is None:
        return True
    tx.flush()
    seq = op.message.seq
    found = tx.connection.execute(_DELIVERY, (seq, op.bot_id)).fetchone()
    state, attempts, first_fetched_at = found or (None, 0, None)
    if state not in {None, "leased", "waiting"}:
        return False
    if tx.connection.execute(_RECALLED, (seq,)).fetchone() is not None:
        return False
    record_delivery(
        tx,
        RecordDelivery(
            seq=seq,
            bot_id=op.bot_id,
            state="acked",
            attempts=attempts + 1,
            lease=op.lease,
            first_fetched_at=first_fetched_at or tx.now,
            fetched_at=tx.now,
        ),
    )
    return True


def end_waits(tx: Transaction, op: EndWaits) -> EndedWaits:
    after = Consequences(tx)
    count = sum(_end(tx, wait, after) for wait in waits.due(tx, op.most))
    return EndedWaits(count=count, next_due_at=waits.next_due_at(tx), aftermath=after.aftermath)


def _end(tx: Transaction, wait: WaitRow, after: Consequences) -> bool:
    """Whether it was still waited for, and not ended by one before."""
    if wait.step_id:
        return wakes.fulfil(tx, wait, _over(tx, wait), after)
    if not waits.end(tx, wait.run_id, "", wait.kind):
        return False
    run = find_run(tx, wait.run_id)
    if wait.kind == "timeout":
        allowed = seconds_between(run.started_at or wait.created_at, wait.due_at or tx.now)
        stop(tx, run, "failed", after, error=f"timed out after {allowed:g} s")
    else:
        _start(tx, run, after)
    return True


def _over(tx: Transaction, wait: WaitRow) -> Ending:
    """How a step ends that waited as long as it was to."""
    waited = f"{round(seconds_between(wait.created_at, wait.due_at or tx.now), 2):g} s"
    if wait.kind == "sleep":
        return Ending("completed")
    if wait.kind == "approval":
        return Ending("completed", output=verdict(approved=False, expired=True))
    if wait.kind == "child":
        return Ending("failed", error=f"timeout: run {wait.child} did not end within {waited}")
    return Ending("failed", error=f"timeout: no message came within {waited}")


def _start(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """A delay or a backoff is over."""
    if run.status == "paused" and not run.held:
        run.move("pending")
    slots.offer(tx, run, after)
    save(tx, run)
