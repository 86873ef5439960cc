"""What must be true of the rows of runs, their steps and their waits, whatever was done to them.

No run is stranded, no key has more slots than its limit, a finished step is there once and as it was,
what has ended has nothing open.
"""

from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from botbus_protocol.states import RUN_ENDS
from tests.storage.workflows.scene import Scene

SLOTS = {"x": 1, "y": 2}
"""Concurrency keys, and how many runs with each may run at once."""


class Laws(RuleBasedStateMachine):
    """A machine that looks after every rule."""

    scene: Scene
    finished: dict[tuple[str, str], Any]
    """By run and step, the outputs that the oracle knows."""

    @invariant()
    def nothing_is_stranded(self) -> None:
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
        left = self.scene.connection.execute("""
            SELECT count(*) FROM workflow_steps s JOIN workflow_runs r ON r.id = s.run_id
            WHERE s.superseded = 0 AND s.status IN ('pending', 'running', 'waiting_approval')
            AND r.status IN ('completed', 'failed', 'cancelled')
        """).fetchone()[0]
        assert left == 0

    @invariant()
    def attempts_have_no_gaps(self) -> None:
        rows = self.scene.connection.execute("""
            SELECT count(*), max(attempt) FROM workflow_steps GROUP BY run_id, step_id, superseded
        """)
        assert all(count == last for count, last in rows)

    @invariant()
    def waits_belong_to_open_steps(self) -> None:
        orphans = self.scene.connection.execute("""
            SELECT count(*) FROM workflow_waits w WHERE w.step_id <> '' AND NOT EXISTS (
                SELECT 1 FROM workflow_steps s
                WHERE s.run_id = w.run_id AND s.step_id = w.step_id AND s.superseded = 0
                AND s.status IN ('running', 'waiting_approval') AND s.kind <> 'step')
        """).fetchone()[0]
        assert orphans == 0
