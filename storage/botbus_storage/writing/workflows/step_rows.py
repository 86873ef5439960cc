"""The rows of steps: one an attempt, which moves to its end once.

Those with superseded = 0 count. Among these the attempts of a step are numbered from 1 without gaps,
and at most the last one is not failed; so whoever finds no first attempt knows that there is none.
"""

from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Step
from botbus_protocol.run_events import CRASHED
from botbus_protocol.states import STEP_ENDS, StepStatus, check_step_move
from botbus_storage.reading.run_rows import STEP_COLUMNS, step_of
from botbus_storage.writing.transaction import Transaction

COLUMNS = """
    s.seq, s.id, s.run_id, s.step_id, s.status, s.kind, s.attempt, s.final, s.superseded, s.lease,
    s.error, s.input_hash, s.started_at
"""
COUNTING = f"""
    SELECT {COLUMNS} FROM workflow_steps s
    WHERE s.run_id = ? AND s.step_id = ? AND s.superseded = 0 ORDER BY s.attempt
"""
BY_ID = f"SELECT {COLUMNS} FROM workflow_steps s WHERE s.id = ?"
_RECORD = f"SELECT {STEP_COLUMNS} FROM workflow_steps s WHERE s.seq = ?"
_OUTPUT = "SELECT output FROM workflow_steps WHERE seq = ?"
_ADD = """
    INSERT INTO workflow_steps (
        id, run_id, step_id, step_name, kind, status, attempt, final, idempotency_key, input,
        input_hash, output, error, lease, started_at, completed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MOVE = "UPDATE workflow_steps SET status = ?, lease = ?, started_at = ?, kind = ? WHERE seq = ?"
_FINISH = """
    UPDATE workflow_steps
    SET status = ?, final = ?, output = ?, error = ?, lease = ?, completed_at = ? WHERE seq = ?
"""
CLOSE = """
    UPDATE workflow_steps SET status = 'failed', error = ?, completed_at = ?
    WHERE run_id = ? AND completed_at IS NULL
"""


class StepRow(Struct, frozen=True, gc=False):
    """In the order of `COLUMNS`."""

    seq: int
    id: str
    run_id: str
    step_id: str
    status: StepStatus
    kind: str
    attempt: int
    final: int
    superseded: int
    lease: str | None
    error: str | None
    input_hash: str | None
    started_at: str | None

    @property
    def finished(self) -> bool:
        """Whether there will be no other attempt of the step."""
        return self.status in {"completed", "skipped"} or (
            self.status == "failed" and bool(self.final)
        )

    @property
    def open(self) -> bool:
        return self.status not in STEP_ENDS


class NewStep(Struct, frozen=True, kw_only=True, gc=False):
    """An attempt that is written for the first time."""

    id: str = ""
    run: str
    step: str
    name: str
    kind: str
    status: StepStatus
    attempt: int
    final: bool = False
    input: str | None = None
    output: str | None = None
    error: str | None = None
    lease: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


def counting(tx: Transaction, run_id: str, step_id: str) -> list[StepRow]:
    """The attempts of a step that count, first to last."""
    rows = tx.connection.execute(COUNTING, (run_id, step_id)).fetchall()
    return [StepRow(*row) for row in rows]


def seek_step(tx: Transaction, attempt_id: str) -> StepRow | None:
    """An attempt by its own id."""
    row = tx.connection.execute(BY_ID, (attempt_id,)).fetchone()
    return None if row is None else StepRow(*row)


def record_of(tx: Transaction, seq: int) -> Step:
    return step_of(tx.connection.execute(_RECORD, (seq,)).fetchone())


def output_of(tx: Transaction, step: StepRow) -> str | None:
    text: str | None = tx.connection.execute(_OUTPUT, (step.seq,)).fetchone()[0]
    return text


def add(tx: Transaction, step: NewStep) -> int:
    """Its seq."""
    row = (
        step.id or new_id(),
        step.run,
        step.step,
        step.name or step.step,
        step.kind,
        step.status,
        step.attempt,
        step.final,
        f"{step.run}/{step.step}",
        step.input,
        hash_of(step.input),
        step.output,
        step.error,
        step.lease,
        step.started_at,
        step.completed_at,
    )
    seq = tx.connection.execute(_ADD, row).lastrowid
    assert seq is not None
    return seq


def move(
    tx: Transaction, step: StepRow, status: StepStatus, lease: str | None, kind: str | None = None
) -> StepRow:
    """To a state that is not an end, or to another kind. Raises Refused (`illegal_state`)."""
    if status != step.status:
        check_step_move(step.step_id, step.status, status)
    started_at = step.started_at or (None if status == "pending" else tx.now)
    tx.connection.execute(_MOVE, (status, lease, started_at, kind or step.kind, step.seq))
    return replace(step, status=status)


def finish(
    tx: Transaction,
    step: StepRow,
    status: StepStatus,
    *,
    lease: str | None,
    output: str | None = None,
    error: str | None = None,
    final: bool = False,
) -> None:
    """Raises Refused (`illegal_state`)."""
    check_step_move(step.step_id, step.status, status)
    tx.connection.execute(_FINISH, (status, final, output, error, lease, tx.now, step.seq))


def give_up(tx: Transaction, step: StepRow) -> None:
    """An attempt whose worker was gone before it ended."""
    finish(tx, step, "failed", lease=step.lease, error=CRASHED)


def close_all(tx: Transaction, run_id: str, why: str) -> None:
    """Ends the attempts that are open when their run ends; all of them may fail from where they are."""
    tx.connection.execute(CLOSE, (why, tx.now, run_id))


def hash_of(text: str | None) -> str:
    """What an approval is bound to: the input as it is stored; where there is none, no text at all."""
    return NO_INPUT if text is None else sha256(text.encode()).hexdigest()


NO_INPUT = sha256(b"").hexdigest()


def finished_already(step: StepRow) -> Refused:
    return Refused(
        Code.ILLEGAL_STATE,
        f"step {step.step_id} is {step.status} already and is not run again: read its result",
        **{"from": step.status},
    )
