"""A bot, its workflows and a clock that the test turns; operations are carried out by a real engine."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from botbus_protocol import timestamps
from botbus_protocol.errors import Fault
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Message, Run, Step
from botbus_storage.engine import Group, Result, SqliteEngine
from botbus_storage.operations import Operation, SeeBot, SeenBot
from botbus_storage.reading.run_rows import STEP_COLUMNS, read_run, step_of
from botbus_storage.workflow_operations import (
    BeginStep,
    BegunStep,
    Checkpointed,
    ClaimedRuns,
    ClaimRuns,
    CrashRuns,
    CreatedRun,
    CreateRun,
    DecideStep,
    EndedWaits,
    EndWaits,
    FinishStep,
    FulfilWait,
    Moved,
    MovedRun,
    RetryRun,
    SavedDefinition,
    SaveDefinition,
    SteppedLog,
    StepWait,
    SuspendRun,
    UpdateRunStatus,
    aftermath_of,
)
from tests.storage.clock import START, Clock

T = TypeVar("T")
MOST_CRASHES = 20
_STEPS = f"SELECT {STEP_COLUMNS} FROM workflow_steps s WHERE s.run_id = ? ORDER BY s.seq"


class Scene:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.clock = Clock()
        self.connection = connection
        self.engine = SqliteEngine(connection, self.clock)
        self.events: list[dict[str, Any]] = []
        """The bodies of all run events, each with its type."""
        self._leases = 0
        self.bot = self.do(SeeBot(name="worker"), SeenBot).id
        self.workflow = self.define("build")

    # Carrying out

    def batch(self, *operations: Operation, atomic: bool = False) -> list[Result]:
        (results,) = self.engine.execute([Group(operations, atomic)])
        for result in results:
            for event in aftermath_of(result).events:
                body = msgspec.msgpack.decode(event.message.body)
                self.events.append({"type": event.message.type, **body})
        return results

    def do(self, operation: Operation, outcome: type[T]) -> T:
        (result,) = self.batch(operation)
        assert isinstance(result, outcome), result
        return result

    def refused(self, operation: Operation) -> Fault:
        """The fault of an operation, which changes nothing."""
        before = self.dump()
        (result,) = self.batch(operation)
        assert isinstance(result, Fault), result
        assert self.dump() == before
        (again,) = self.batch(operation, atomic=True)
        assert isinstance(again, Fault)
        assert again.code == result.code
        assert self.dump() == before
        return result

    def again(self, operation: Operation, outcome: type[T]) -> T:
        """The outcome of an operation, of which a repeat changes nothing and says so."""
        first = self.do(operation, outcome)
        before = self.dump()
        repeat = self.do(operation, outcome)
        assert self.dump() == before
        assert getattr(repeat, "changed", False) is False
        return first

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables."""
        names = [
            row[0]
            for row in self.connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        return {
            name: sorted(self.connection.execute(f"SELECT * FROM {name}"), key=repr)
            for name in names
            if name != "bots"  # the sender of events may have become known
        }

    # What there is

    def run(self, run_id: str) -> Run:
        run = read_run(self.connection, run_id)
        assert run is not None
        return run

    def status(self, run_id: str) -> str:
        return self.run(run_id).status

    def steps(self, run_id: str) -> list[Step]:
        return [step_of(row) for row in self.connection.execute(_STEPS, (run_id,))]

    def step(self, run_id: str, step: str) -> Step:
        """The attempt of a step that counts last."""
        return [s for s in self.steps(run_id) if s.step_id == step and not s.superseded][-1]

    def column(self, run_id: str, name: str) -> Any:
        return self.connection.execute(
            f"SELECT {name} FROM workflow_runs WHERE id = ?", (run_id,)
        ).fetchone()[0]

    def told(self) -> list[str]:
        """The types of the events so far."""
        return [event["type"] for event in self.events]

    # What is done often

    def lease(self) -> str:
        self._leases += 1
        return f"1.{self._leases}"

    def define(self, name: str, **fields: Any) -> str:
        """The id of a workflow that belongs to all."""
        given: dict[str, Any] = {"version": "1.0.0", "status": "active", **fields}
        content = {"name": name, **given}
        saved = self.do(
            SaveDefinition(
                id=None,
                name=name,
                version=given["version"],
                description="",
                status=given["status"],
                owner_type="global",
                owner_bot_id=None,
                concurrency=given.get("concurrency"),
                timeout_secs=given.get("timeout_secs"),
                definition=json.dumps(content),
            ),
            SavedDefinition,
        )
        return saved.definition.id

    def creation(self, **fields: Any) -> CreateRun:
        given = {"id": new_id(), "workflow": self.workflow, "bot_id": self.bot, **fields}
        return CreateRun(**given)

    def create(self, **fields: Any) -> str:
        return self.do(self.creation(**fields), CreatedRun).run.id

    def claiming(self, most: int = 1, *offers: tuple[str, str]) -> ClaimRuns:
        return ClaimRuns(
            offers=offers or ((self.workflow, "1.0.0"),),
            leases=tuple(self.lease() for _ in range(most)),
            bot_id=self.bot,
            holder_pid=7,
        )

    def claim(self, most: int = 1, *offers: tuple[str, str]) -> list[tuple[str, str]]:
        """Run and lease of what could be claimed."""
        claimed = self.do(self.claiming(most, *offers), ClaimedRuns)
        return [(run.id, lease) for run, lease in claimed.runs]

    def started(self, **fields: Any) -> tuple[str, str]:
        """A run in somebody's hands, and its lease."""
        lease = self.lease()
        created = self.do(self.creation(lease=lease, **fields), CreatedRun)
        assert created.claimed
        return created.run.id, lease

    def crash(self, run: str, lease: str, most: int = MOST_CRASHES) -> Moved:
        return self.do(CrashRuns(((run, lease),), "its connection is gone", most), Moved)

    def beginning(self, run: str, lease: str, step: str = "s", **fields: Any) -> BeginStep:
        return BeginStep(run=run, step=step, lease=lease, **{"name": "", "kind": "step", **fields})

    def begin(self, run: str, lease: str, step: str = "s", **fields: Any) -> BegunStep:
        return self.do(self.beginning(run, lease, step, **fields), BegunStep)

    def wait(self, run: str, lease: str, step: str, kind: Any, **fields: Any) -> BegunStep:
        return self.begin(run, lease, step, wait=StepWait(kind=kind, **fields))

    def finishing(self, run: str, lease: str, step: str = "s", **fields: Any) -> FinishStep:
        given = {"name": "", "kind": "step", "status": "completed", **fields}
        return FinishStep(run=run, step=step, lease=lease, **given)

    def finish(self, run: str, lease: str, step: str = "s", **fields: Any) -> Checkpointed:
        return self.do(self.finishing(run, lease, step, **fields), Checkpointed)

    def moving(self, run: str, status: Any, **fields: Any) -> UpdateRunStatus:
        given = {"bot_id": self.bot, "context_limit": 1000, **fields}
        return UpdateRunStatus(id=run, status=status, **given)

    def move(self, run: str, status: Any, **fields: Any) -> MovedRun:
        return self.do(self.moving(run, status, **fields), MovedRun)

    def complete(self, run: str, lease: str, result: str | None = None) -> MovedRun:
        return self.move(run, "completed", lease=lease, result=result)

    def suspend(self, run: str, lease: str, due_in: float | None = None) -> MovedRun:
        due_at = None if due_in is None else self.clock.text(due_in)
        return self.do(SuspendRun(id=run, lease=lease, due_at=due_at), MovedRun)

    def retry(self, run: str, from_step: str | None = None, attempt: int | None = None) -> MovedRun:
        return self.do(RetryRun(id=run, from_step=from_step, attempt=attempt), MovedRun)

    def deciding(self, run: str, step: str, *, approved: bool = True, **fields: Any) -> DecideStep:
        if "input_hash" not in fields:
            fields["input_hash"] = self.step(run, step).input_hash
        given = {"by": "ann", "comment": "", **fields}
        return DecideStep(run=run, step=step, approved=approved, **given)

    def decide(self, run: str, step: str, *, approved: bool = True, **fields: Any) -> SteppedLog:
        return self.do(self.deciding(run, step, approved=approved, **fields), SteppedLog)

    def later(self, seconds: float) -> EndedWaits:
        """Turns the clock, and ends what is due by then."""
        self.clock.now += seconds
        return self.do(EndWaits(100), EndedWaits)

    def fulfil(self, run: str, step: str, message: Message, bot_id: str | None = None) -> Moved:
        operation = FulfilWait(run=run, step=step, message=message, bot_id=bot_id, lease="1.mail")
        return self.do(operation, Moved)


Build = Callable[[], Scene]


def value(raw: Any) -> Any:
    """What a record holds, which travels encoded."""
    return msgspec.msgpack.decode(raw) if isinstance(raw, msgspec.Raw) else raw


def message(seq: int = 1, **fields: Any) -> Message:
    """One from `ann`, unless a field says otherwise."""
    given = {"id": new_id(), "sender": "ann", "timestamp": timestamps.from_epoch(START), **fields}
    body = msgspec.Raw(msgspec.msgpack.encode(given.pop("body", {"n": 1})))
    return Message(seq=seq, body=body, **given)
