"""The statements that every run and every wake goes through find their rows by an index, unsorted."""

import pytest

from botbus_storage.writing.workflows import claims, endings, slots, step_rows, waits
from tests.storage.workflows.scene import Scene

PLANS = [
    (claims.READY, 3, "idx_workflow_runs_ready"),
    (claims.RUNNING, 1, "idx_workflow_runs_running"),
    (slots.HOLDERS, 1, "idx_workflow_runs_slots"),
    (slots.AHEAD, 2, "idx_workflow_runs_slots"),
    (slots.NEXT, 1, "idx_workflow_runs_slots"),
    (waits.DUE, 2, "idx_workflow_waits_due"),
    (waits.NEXT_DUE, 0, "idx_workflow_waits_due"),
    (waits.FOR_CHILD, 1, "idx_workflow_waits_child"),
    (endings.CHILDREN, 1, "idx_workflow_runs_parent"),
    (step_rows.COUNTING, 2, "idx_workflow_steps_attempt"),
    (step_rows.BY_ID, 1, "idx_workflow_steps_id"),
    (step_rows.CLOSE, 3, "idx_workflow_steps_open"),
]


@pytest.mark.parametrize(("statement", "values", "index"), PLANS)
def test_it_is_found_by_its_index(scene: Scene, statement: str, values: int, index: str) -> None:
    rows = scene.connection.execute(f"EXPLAIN QUERY PLAN {statement}", (1,) * values).fetchall()
    plan = [row[3] for row in rows]
    assert any(f"INDEX {index}" in line for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan), plan
    assert not any(line.startswith("SCAN") and "INDEX" not in line for line in plan), plan
