"""From rows of workflow_runs, workflow_steps and workflow_waits to records.

Readers and the writer share this: whoever selects `RUN_COLUMNS` or `STEP_COLUMNS` first gets a record
from `run_of` or `step_of`. What a run waits for and how its context has changed are rows of their
own; `whole_run` adds them to the record.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from botbus_protocol import bodies
from botbus_protocol.records import Run, Step, Wait
from botbus_protocol.states import RUN_ENDS

RUN_COLUMNS = """
    r.seq, r.id, r.workflow_id, r.workflow_name, r.workflow_version, r.status, r.trigger_type,
    r.trigger_payload, r.context, r.result, r.error, r.created_at, r.started_at, r.completed_at,
    coalesce(starter.name, r.started_by_bot_id), r.run_key, r.concurrency_key, r.priority, r.attempt,
    r.crashes, holder.name, r.holder_pid, r.pausing, r.held, r.has_slot, r.timeout_at,
    r.parent_run_id, r.parent_step_id
"""
RUN_FROM = """
    workflow_runs r LEFT JOIN bots starter ON starter.id = r.started_by_bot_id
    LEFT JOIN bots holder ON holder.id = r.holder_bot_id
"""
STEP_COLUMNS = """
    s.seq, s.id, s.run_id, s.step_id, s.step_name, s.status, s.kind, s.attempt, s.final,
    s.superseded, s.idempotency_key, s.input, s.input_hash, s.output, s.error, s.started_at,
    s.completed_at
"""
WAIT_COLUMNS = """
    w.step_id, w.kind, w.due_at, w.channel, b.name, w.message_type, w.sender, w.reply_to,
    w.child_run_id
"""
WAIT_FROM = "workflow_waits w LEFT JOIN bots b ON b.id = w.bot_id"

_RUN = f"""
    SELECT {RUN_COLUMNS}, EXISTS (SELECT 1 FROM workflow_waits w WHERE w.run_id = r.id)
        OR EXISTS (SELECT 1 FROM workflow_context c WHERE c.run_id = r.id)
    FROM {RUN_FROM} WHERE r.id = ?
"""
_WAITS = f"""
    SELECT {WAIT_COLUMNS} FROM {WAIT_FROM} WHERE w.run_id = ? ORDER BY w.created_at, w.step_id
"""
_CONTEXT = "SELECT key, value FROM workflow_context WHERE run_id = ?"
_FIRST_CONTEXT = """
    SELECT context FROM workflow_runs r WHERE id = ?
    AND EXISTS (SELECT 1 FROM workflow_context c WHERE c.run_id = r.id)
"""

_decode_map = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def run_of(row: tuple[Any, ...]) -> Run:
    """The run of a row that begins with `RUN_COLUMNS`, with the context that it began with."""
    return Run(
        seq=row[0],
        id=row[1],
        workflow_id=row[2],
        workflow=row[3],
        version=row[4],
        status=row[5],
        trigger_type=row[6],
        input=_value(row[7]),
        context=_value(row[8]),
        result=_value(row[9]),
        error=row[10],
        created_at=row[11],
        started_at=row[12],
        completed_at=row[13],
        started_by=row[14],
        key=row[15],
        concurrency_key=row[16],
        priority=row[17],
        attempt=row[18],
        crashes=row[19],
        holder=row[20],
        holder_pid=row[21],
        pausing=bool(row[22]),
        held=bool(row[23]),
        queued=not row[24] and row[5] not in RUN_ENDS,
        timeout_at=row[25],
        parent=row[26],
        parent_step=row[27],
    )


def step_of(row: tuple[Any, ...]) -> Step:
    """The attempt of a step of a row that begins with `STEP_COLUMNS`."""
    return Step(
        seq=row[0],
        id=row[1],
        run_id=row[2],
        step_id=row[3],
        name=row[4],
        status=row[5],
        kind=row[6],
        attempt=row[7],
        final=bool(row[8]),
        superseded=bool(row[9]),
        idempotency_key=row[10],
        input=_value(row[11]),
        input_hash=row[12],
        output=_value(row[13]),
        error=row[14],
        started_at=row[15],
        completed_at=row[16],
    )


def wait_of(row: tuple[Any, ...]) -> Wait:
    """The wait of a row that begins with `WAIT_COLUMNS`."""
    return Wait(
        step_id=row[0],
        kind=row[1],
        due_at=row[2],
        channel=row[3],
        bot=row[4],
        type=row[5],
        sender=row[6],
        reply_to=row[7],
        child=row[8],
    )


def read_run(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """The run with its waits and its context as it is now."""
    row = connection.execute(_RUN, (run_id,)).fetchone()
    if row is None:
        return None
    *_, has_more = row
    return whole_run(connection, row) if has_more else run_of(row)


def whole_run(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Run:
    """The run of a row that begins with `RUN_COLUMNS`, with its waits and its context as it is now."""
    waits = read_waits(connection, row[1])
    changes = connection.execute(_CONTEXT, (row[1],)).fetchall()
    if changes:
        row = (*row[:8], merged(row[8], changes), *row[9:])
    run = run_of(row)
    return msgspec.structs.replace(run, waits=waits) if waits else run


def first_context(connection: sqlite3.Connection, run_id: str) -> Any:
    """The context that a run began with, if it has changed since; else None."""
    row = connection.execute(_FIRST_CONTEXT, (run_id,)).fetchone()
    return None if row is None else _value(row[0])


def read_waits(connection: sqlite3.Connection, run_id: str) -> list[Wait]:
    """What a run waits for, oldest first."""
    return [wait_of(row) for row in connection.execute(_WAITS, (run_id,))]


def merged(base: str, changes: Iterable[tuple[str, str | None]]) -> str:
    """JSON text of a context: what it began with, and the changes since (None: taken away)."""
    context = _decode_map(base)
    for key, value in changes:
        if value is None:
            context.pop(key, None)
        else:
            context[key] = msgspec.Raw(value.encode())
    return _encode(context).decode()


def _value(text: str | None) -> Any:
    """The value of stored JSON text, encoded for the wire; None where there is none."""
    return None if text is None else bodies.from_json(text)
