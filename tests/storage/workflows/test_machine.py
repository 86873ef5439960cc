"""Any order of operations, held against what must never happen to a run.

The oracle is a few dictionaries: which lease holds which run, which outputs finished steps have, which
runs have ended and how. After every rule: no run is stranded, no key has more slots than its limit, no
finished step is permitted again, no lease is held twice.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

import botbus_migrations
from botbus_protocol.errors import Fault
from botbus_protocol.states import RUN_ENDS
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
from tests.storage.workflows.scene import Scene, message, value

STEPS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from([None, None, "x", "y"])
SLOTS = {"x": 1, "y": 2}
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


class Runs(RuleBasedStateMachine):
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
        self.finished: dict[tuple[str, str], Any] = {}
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

    # What must hold

    @invariant()
    def nothing_is_stranded(self) -> None:
        if not hasattr(self, "scene"):
            return
        rows = self.scene.connection.execute("""
            SELECT id, status, ready, held, has_slot, concurrency_key FROM workflow_runs
        """).fetchall()
        for run_id, status, ready, held, has_slot, key in rows:
            kinds = {wait.kind for wait in self.scene.run(run_id).waits}
            if status in RUN_ENDS:
                assert not kinds
            elif not has_slot:
                assert not ready
                assert any(s not in RUN_ENDS and h and k == key for _, s, _, _, h, k in rows)
            elif status in {"pending", "crashed"}:
                assert ready or kinds & {"delay", "backoff"}, (status, kinds)
            elif status == "paused":
                assert held or kinds - {"timeout", "delay"}, kinds

    @invariant()
    def slots_are_within_their_limits(self) -> None:
        if not hasattr(self, "scene"):
            return
        rows = self.scene.connection.execute("""
            SELECT concurrency_key, count(*) FROM workflow_runs
            WHERE has_slot = 1 AND concurrency_key IS NOT NULL
            AND status IN ('pending', 'running', 'paused', 'crashed') GROUP BY 1
        """)
        assert all(count <= SLOTS[key] for key, count in rows)
        running = self.scene.connection.execute("""
            SELECT count(*) FROM workflow_runs
            WHERE workflow_name = 'narrow' AND status = 'running'
        """).fetchone()[0]
        assert running <= 2

    @invariant()
    def every_finished_step_is_there_once(self) -> None:
        if not hasattr(self, "scene"):
            return
        found = self.scene.connection.execute("""
            SELECT run_id, step_id, count(*), max(output) FROM workflow_steps
            WHERE superseded = 0
            AND (status IN ('completed', 'skipped') OR (status = 'failed' AND final = 1))
            GROUP BY 1, 2
        """).fetchall()
        assert all(count == 1 for _, _, count, _ in found)
        stored = {(run, step): output for run, step, _, output in found}
        for key, output in self.finished.items():
            assert stored[key] == (None if output is None else str(output))
        open_attempts = self.scene.connection.execute("""
            SELECT max(n) FROM (SELECT count(*) AS n FROM workflow_steps
            WHERE superseded = 0 AND status IN ('pending', 'running', 'waiting_approval')
            GROUP BY run_id, step_id)
        """).fetchone()[0]
        assert (open_attempts or 0) <= 1

    @invariant()
    def ended_runs_have_nothing_open(self) -> None:
        if not hasattr(self, "scene"):
            return
        left = self.scene.connection.execute("""
            SELECT count(*) FROM workflow_steps s JOIN workflow_runs r ON r.id = s.run_id
            WHERE s.superseded = 0 AND s.status IN ('pending', 'running', 'waiting_approval')
            AND r.status IN ('completed', 'failed', 'cancelled')
        """).fetchone()[0]
        assert left == 0

    @invariant()
    def attempts_have_no_gaps(self) -> None:
        if not hasattr(self, "scene"):
            return
        rows = self.scene.connection.execute("""
            SELECT count(*), max(attempt) FROM workflow_steps GROUP BY run_id, step_id, superseded
        """)
        assert all(count == last for count, last in rows)

    @invariant()
    def waits_belong_to_open_steps(self) -> None:
        if not hasattr(self, "scene"):
            return
        orphans = self.scene.connection.execute("""
            SELECT count(*) FROM workflow_waits w WHERE w.step_id <> '' AND NOT EXISTS (
                SELECT 1 FROM workflow_steps s
                WHERE s.run_id = w.run_id AND s.step_id = w.step_id AND s.superseded = 0
                AND s.status IN ('running', 'waiting_approval') AND s.kind <> 'step')
        """).fetchone()[0]
        assert orphans == 0


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=25, stateful_step_count=50, deadline=None)
