"""The rows of what runs wait for. A wait is there exactly as long as it is waited for."""

from typing import Any

import msgspec
from msgspec import Struct

from botbus_protocol.records import WaitKind
from botbus_storage.reading.run_rows import read_waits
from botbus_storage.workflow_operations import StepWait
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows.run_rows import RunRow

COLUMNS = """
    run_id, step_id, kind, due_at, bot_id, channel, message_type, sender, reply_to, body_match,
    after_seq, child_run_id, created_at
"""
_ADD = f"INSERT INTO workflow_waits ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_OF_RUN = """
    INSERT INTO workflow_waits (run_id, step_id, kind, due_at, created_at) VALUES (?, '', ?, ?, ?)
    ON CONFLICT (run_id, step_id, kind) DO UPDATE SET due_at = excluded.due_at
"""
_OF_STEP = f"SELECT {COLUMNS} FROM workflow_waits WHERE run_id = ? AND step_id = ?"
_ANY = """
    SELECT 1 FROM workflow_waits WHERE run_id = ? AND kind NOT IN ('timeout', 'delay') LIMIT 1
"""
_START = """
    SELECT 1 FROM workflow_waits WHERE run_id = ? AND step_id = '' AND kind IN ('delay', 'backoff')
"""
_END = "DELETE FROM workflow_waits WHERE run_id = ? AND step_id = ? AND kind = ?"
_END_OF_STEP = "DELETE FROM workflow_waits WHERE run_id = ? AND step_id = ? AND step_id <> ''"
_THERE = "SELECT 1 FROM workflow_waits WHERE run_id = ? LIMIT 1"
_END_ALL = "DELETE FROM workflow_waits WHERE run_id = ?"
FOR_CHILD = f"SELECT {COLUMNS} FROM workflow_waits WHERE child_run_id = ?"
DUE = f"""
    SELECT {COLUMNS} FROM workflow_waits WHERE due_at IS NOT NULL AND due_at <= ?
    ORDER BY due_at LIMIT ?
"""
NEXT_DUE = "SELECT min(due_at) FROM workflow_waits WHERE due_at IS NOT NULL"


class WaitRow(Struct, frozen=True, gc=False):
    """In the order of `COLUMNS`."""

    run_id: str
    step_id: str
    kind: WaitKind
    due_at: str | None
    bot_id: str | None
    channel: str | None
    type: str | None
    sender: str | None
    reply_to: str | None
    where: str | None
    after_seq: int
    child: str | None
    created_at: str

    @property
    def step_wait(self) -> StepWait:
        return StepWait(
            kind=self.kind,
            due_at=self.due_at,
            bot_id=self.bot_id,
            channel=self.channel,
            type=self.type,
            sender=self.sender,
            reply_to=self.reply_to,
            where=self.where,
            child=self.child,
        )


def add(tx: Transaction, run: RunRow, step_id: str, wait: StepWait, after_seq: int) -> None:
    """A step begins to wait."""
    tx.connection.execute(
        _ADD,
        (
            run.id,
            step_id,
            wait.kind,
            wait.due_at,
            wait.bot_id,
            wait.channel,
            wait.type,
            wait.sender,
            wait.reply_to,
            wait.where,
            after_seq,
            wait.child,
            tx.now,
        ),
    )


def add_of_run(tx: Transaction, run: RunRow, kind: WaitKind, due_at: str) -> None:
    """The run as a whole waits for a time; in place of an earlier such time."""
    tx.connection.execute(_ADD_OF_RUN, (run.id, kind, due_at, tx.now))


def of_step(tx: Transaction, run_id: str, step_id: str) -> WaitRow | None:
    row = tx.connection.execute(_OF_STEP, (run_id, step_id)).fetchone()
    return None if row is None else WaitRow(*row)


def waits_for_anything(tx: Transaction, run: RunRow) -> bool:
    """Whether something will come that takes the run up again."""
    return _exists(tx, _ANY, (run.id,))


def waits_for_a_start(tx: Transaction, run: RunRow) -> bool:
    """Whether a pending or crashed run may not be claimed before some time."""
    return _exists(tx, _START, (run.id,))


def end(tx: Transaction, run_id: str, step_id: str, kind: WaitKind) -> bool:
    """Whether it was still waited for."""
    return tx.connection.execute(_END, (run_id, step_id, kind)).rowcount == 1


def end_of_step(tx: Transaction, run_id: str, step_id: str) -> None:
    tx.connection.execute(_END_OF_STEP, (run_id, step_id))


def end_all(tx: Transaction, run_id: str) -> None:
    if _exists(tx, _THERE, (run_id,)):  # rarely; a DELETE makes a table first, even for nothing
        tx.connection.execute(_END_ALL, (run_id,))


def due(tx: Transaction, most: int) -> list[WaitRow]:
    return _rows(tx, DUE, (tx.now, most))


def next_due_at(tx: Transaction) -> str | None:
    found = tx.connection.execute(NEXT_DUE).fetchone()[0]
    return None if found is None else str(found)


def for_child(tx: Transaction, run_id: str) -> list[WaitRow]:
    """Who waits for a run to end."""
    return _rows(tx, FOR_CHILD, (run_id,))


def described(tx: Transaction, run: RunRow) -> list[dict[str, Any]]:
    """What a run waits for, in the words of its event."""
    found = [wait for wait in read_waits(tx.connection, run.id) if wait.kind != "timeout"]
    return [msgspec.to_builtins(wait) for wait in found]


def _rows(tx: Transaction, statement: str, values: tuple[Any, ...]) -> list[WaitRow]:
    return [WaitRow(*row) for row in tx.connection.execute(statement, values).fetchall()]


def _exists(tx: Transaction, statement: str, values: tuple[Any, ...]) -> bool:
    return tx.connection.execute(statement, values).fetchone() is not None
