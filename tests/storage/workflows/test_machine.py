"""Any order of operations, held against what must never happen to a run.

The oracle is two dictionaries: which lease holds which run, and which outputs finished steps have. Each
rule looks at what its operation did to them: no lease is held twice, no finished step is permitted
again. What must be true of the rows after every rule is in `laws`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, multiple, rule

import botbus_migrations
from botbus_protocol.errors import Fault
from botbus_storage.connection import WRITER_PRAGMAS, connect_plainly
from botbus_storage.engine import Result
from botbus_storage.migrator import Migrator
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations import (
    BegunStep,
    Checkpointed,
    ClaimedRuns,
    CrashRuns,
    CreatedRun,
    MovedRun,
    RecoverRuns,
    RetryRun,
    StepWait,
    SuspendRun,
    UnclaimRuns,
)
from tests.storage.workflows.laws import SLOTS, Laws
from tests.storage.workflows.scene import Scene, message, value

STEPS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from([None, None, "x", "y"])
MOST = 4
"""Crashes in a row after which a run has failed."""


@contextmanager
def scenes() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bus.db"
        Migrator(path, botbus_migrations.FOLDER).run()
        with closing(connect_plainly(path)) as connection:
            for pragma in WRITER_PRAGMAS:
                connection.execute(pragma)
            connection.execute("PRAGMA synchronous = OFF")
            yield Scene(connection)


class Runs(Laws):
    runs = Bundle("runs")
    leases = Bundle("leases")
    """Run and lease, the lost ones too: those are the zombies."""

    @initialize()
    def open(self) -> None:
        self.opened = scenes()
        self.scene = self.opened.__enter__()
        self.scene.define("build", timeout_secs=1000)
        self.scene.define("narrow", concurrency=2)
        self.held: dict[str, str] = {}
        self.finished = {}
        self.seqs = 1000

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.__exit__(None, None, None)

    def do(self, operation: Operation) -> Result:
        """Carries an operation out; what is refused changes nothing."""
        before = self.scene.dump()
        (result,) = self.scene.batch(operation)
        if isinstance(result, Fault):
            assert self.scene.dump() == before
        return result

    def holds(self, pair: tuple[str, str]) -> bool:
        return self.held.get(pair[0]) == pair[1]

    def check_lease(self, pair: tuple[str, str], result: Result) -> None:
        lost = isinstance(result, Fault) and result.code == "lease_lost"
        assert lost != self.holds(pair), result

    def look(self) -> None:
        """What the operation did to the leases, as the rows tell."""
        rows = self.scene.connection.execute("SELECT id, lease FROM workflow_runs").fetchall()
        self.held = {run: lease for run, lease in rows if lease is not None}

    # Making and claiming

    @rule(
        target=runs,
        key=KEYS,
        priority=st.integers(-1, 1),
        delay=st.sampled_from([None, None, 5]),
        workflow=st.sampled_from(["build", "build", "narrow"]),
    )
    def create(self, key: str | None, priority: int, delay: int | None, workflow: str) -> str:
        return self.scene.create(
            workflow=workflow,
            concurrency_key=key,
            concurrency_limit=SLOTS.get(key or "", 1),
            priority=priority,
            due_at=None if delay is None else self.scene.clock.text(delay),
        )

    @rule(target=runs, parent=runs)
    def create_child(self, parent: str) -> Any:
        operation = self.scene.creation(parent=parent, parent_step="c", key=f"{parent}/c")
        result = self.do(operation)
        if not isinstance(result, CreatedRun):
            return multiple()
        return result.run.id if result.created else multiple()

    @rule(target=leases, key=KEYS)
    def create_eagerly(self, key: str | None) -> Any:
        lease = self.scene.lease()
        result = self.do(
            self.scene.creation(
                lease=lease, concurrency_key=key, concurrency_limit=SLOTS.get(key or "", 1)
            )
        )
        assert isinstance(result, CreatedRun)
        self.look()
        assert (self.held.get(result.run.id) == lease) == result.claimed
        return (result.run.id, lease) if result.claimed else multiple()

    @rule(target=leases, most=st.integers(1, 4))
    def claim(self, most: int) -> Any:
        narrow = self.scene.connection.execute("SELECT id FROM workflows WHERE name = 'narrow'")
        offers = ((self.scene.workflow, "1.0.0"), (narrow.fetchone()[0], "1.0.0"))
        result = self.do(self.scene.claiming(most, *offers))
        assert isinstance(result, ClaimedRuns)
        claimed = [(run.id, lease) for run, lease in result.runs]
        assert not {run for run, _ in claimed} & set(self.held)
        self.look()
        assert all(self.held[run] == lease for run, lease in claimed)
        return multiple(*claimed)

    @rule(pair=leases)
    def unclaim(self, pair: tuple[str, str]) -> None:
        self.do(UnclaimRuns((pair,)))
        self.look()
        assert not self.holds(pair)

    # Steps

    @rule(pair=leases, step=STEPS)
    def begin(self, pair: tuple[str, str], step: str) -> None:
        result = self.do(self.scene.beginning(*pair, step))
        self.check_lease(pair, result)
        if isinstance(result, BegunStep):
            self.check_begun(pair, step, result)
        self.look()

    @rule(
        pair=leases,
        step=STEPS,
        kind=st.sampled_from(["sleep", "message", "approval"]),
        due=st.sampled_from([None, 3]),
    )
    def wait(self, pair: tuple[str, str], step: str, kind: Any, due: int | None) -> None:
        due_at = None if due is None and kind != "sleep" else self.scene.clock.text(due or 1)
        wait = StepWait(kind=kind, due_at=due_at, channel="news" if kind == "message" else None)
        result = self.do(self.scene.beginning(*pair, step, wait=wait))
        self.check_lease(pair, result)
        if isinstance(result, BegunStep):
            assert not result.permitted
            self.check_begun(pair, step, result)
        self.look()

    @rule(pair=leases, child=runs, step=STEPS)
    def wait_for_child(self, pair: tuple[str, str], child: str, step: str) -> None:
        wait = StepWait(kind="child", child=child)
        result = self.do(self.scene.beginning(*pair, step, wait=wait))
        if isinstance(result, BegunStep):
            self.check_begun(pair, step, result)
        self.look()

    def check_begun(self, pair: tuple[str, str], step: str, begun: BegunStep) -> None:
        if (pair[0], step) in self.finished:
            assert not begun.permitted
            assert value(begun.step.output) == self.finished[pair[0], step]

    @rule(
        pair=leases,
        step=STEPS,
        attempt=st.integers(1, 3),
        how=st.sampled_from(["completed", "completed", "failed", "final"]),
        changes=st.booleans(),
    )
    def finish(
        self, pair: tuple[str, str], step: str, attempt: int, how: str, changes: bool
    ) -> None:
        output = str(self.seqs)
        self.seqs += 1
        known = self.is_finished(pair[0], step)
        done = how == "completed"
        result = self.do(
            self.scene.finishing(
                *pair,
                step,
                status="completed" if done else "failed",
                output=output if done else None,
                error=None if done else output,
                final=how == "final",
                attempt=attempt,
                context=((step, output),) if changes else (),
                context_limit=10_000,
            )
        )
        self.check_lease(pair, result)
        if isinstance(result, Checkpointed):
            assert not known
            if how != "failed":
                self.finished[pair[0], step] = int(output) if done else None
        elif self.holds(pair):
            assert known
        self.look()

    def is_finished(self, run: str, step: str) -> bool:
        """By a worker, or by what it waited for."""
        return (run, step) in self.finished or any(
            s.step_id == step
            and not s.superseded
            and (s.status in {"completed", "skipped"} or s.final)
            for s in self.scene.steps(run)
        )

    # Ends, pauses, crashes

    @rule(pair=consumes(leases))
    def crash(self, pair: tuple[str, str]) -> None:
        self.do(CrashRuns((pair,), "gone", MOST))
        self.look()
        assert not self.holds(pair)

    @rule()
    def restart(self) -> None:
        self.do(RecoverRuns(most_crashes=MOST))
        self.look()
        assert not self.held

    @rule(pair=leases, due=st.sampled_from([None, 4]))
    def suspend(self, pair: tuple[str, str], due: int | None) -> None:
        due_at = None if due is None else self.scene.clock.text(due)
        result = self.do(SuspendRun(id=pair[0], lease=pair[1], due_at=due_at))
        self.check_lease(pair, result)
        self.look()
        assert not self.holds(pair)

    @rule(pair=leases, status=st.sampled_from(["completed", "failed"]))
    def end(self, pair: tuple[str, str], status: str) -> None:
        result = self.do(self.scene.moving(pair[0], status, lease=pair[1], result="1"))
        if isinstance(result, MovedRun):
            assert result.run.status == status
        else:
            assert not self.holds(pair)
        self.look()
        assert not self.holds(pair)

    @rule(run=runs, status=st.sampled_from(["paused", "pending", "cancelled", "running"]))
    def move(self, run: str, status: str) -> None:
        self.do(self.scene.moving(run, status, new_lease=self.scene.lease()))
        self.look()

    @rule(pair=leases, status=st.sampled_from(["paused", "pending", "crashed"]))
    def move_by_holder(self, pair: tuple[str, str], status: str) -> None:
        self.do(self.scene.moving(pair[0], status, lease=pair[1]))
        self.look()

    @rule(run=runs, from_step=st.none() | STEPS)
    def retry(self, run: str, from_step: str | None) -> None:
        result = self.do(RetryRun(id=run, from_step=from_step, attempt=None))
        if isinstance(result, MovedRun):
            counting = {s.step_id for s in self.scene.steps(run) if not s.superseded}
            self.finished = {
                (of, step): output
                for (of, step), output in self.finished.items()
                if of != run or step in counting
            }
            if from_step is not None:
                assert from_step not in counting
        self.look()

    # What comes

    @rule(run=runs, step=STEPS, approved=st.booleans())
    def decide(self, run: str, step: str, approved: bool) -> None:
        rows = [s for s in self.scene.steps(run) if s.step_id == step and not s.superseded]
        if rows:
            self.do(self.scene.deciding(run, step, approved=approved))

    @rule(run=runs, step=STEPS)
    def message_comes(self, run: str, step: str) -> None:
        self.seqs += 1
        self.scene.fulfil(run, step, message(self.seqs, channel="news"))

    @rule(seconds=st.sampled_from([1, 5, 100, 2000]))
    def time_goes_by(self, seconds: int) -> None:
        before = self.scene.connection.execute("SELECT count(*) FROM workflow_waits").fetchone()
        ended = self.scene.later(seconds)
        assert ended.count <= before[0]
        assert ended.next_due_at is None or ended.next_due_at > self.scene.clock.text()
        self.look()


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=25, stateful_step_count=50, deadline=None)
