"""Crashes: offered again at once, later after a while, and given up at last; and the zombies."""

import pytest

from botbus_protocol.run_events import CRASHED
from botbus_storage.workflow_operations import (
    BegunStep,
    CrashRuns,
    Moved,
    RecoverRuns,
    StepWait,
    SuspendRun,
)
from tests.storage.workflows.scene import MOST_CRASHES, Scene


def test_a_crashed_run_is_offered_at_once(scene: Scene) -> None:
    run, lease = scene.started()
    moved = scene.crash(run, lease)
    assert (moved.count, moved.aftermath.ready) == (1, (scene.workflow,))
    crashed = scene.run(run)
    assert (crashed.status, crashed.crashes, crashed.holder) == ("crashed", 1, None)
    assert crashed.error == "its connection is gone"
    assert [claimed for claimed, _ in scene.claim()] == [run]


def test_a_lease_that_is_over_crashes_nothing(scene: Scene) -> None:
    run, lease = scene.started()
    scene.crash(run, lease)
    before = scene.dump()
    assert scene.crash(run, lease).count == 0
    assert scene.crash("nowhere", lease).count == 0
    assert scene.dump() == before


def test_after_some_crashes_in_a_row_it_waits(scene: Scene) -> None:
    run, lease = scene.started()
    waited = []
    for _ in range(10):
        due_at = scene.crash(run, lease).aftermath.due_at
        seconds = 0.0
        while not (claimed := scene.claim()):
            assert [w.kind for w in scene.run(run).waits] == ["backoff"]
            seconds += 1.0
            scene.later(1.0)
        assert (due_at is not None) == (seconds > 0)
        waited.append(seconds)
        ((_, lease),) = claimed
        assert scene.run(run).waits == []
    assert waited == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60]


def test_too_many_crashes_in_a_row_are_the_end(scene: Scene) -> None:
    run, lease = scene.started()
    child = scene.create(parent=run, parent_step="c")
    scene.begin(run, lease, "s")
    for _ in range(2):
        scene.crash(run, lease, most=3)
        ((_, lease),) = scene.claim(1)
    moved = scene.crash(run, lease, most=3)
    assert moved.aftermath.ended == (run, child)
    failed = scene.run(run)
    assert failed.status == "failed"
    assert "died 3 times" in (failed.error or "")
    assert "its connection is gone" in (failed.error or "")
    assert scene.step(run, "s").status == "failed"
    assert scene.status(child) == "cancelled"


@pytest.mark.parametrize("final", [None, True, False])
def test_a_finished_step_ends_a_row_of_crashes(scene: Scene, final: bool | None) -> None:
    run, lease = scene.started()
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    if final is None:
        scene.finish(run, lease)
    else:
        scene.finish(run, lease, status="failed", error="no", final=final)
    assert scene.run(run).crashes == (1 if final is False else 0)


def test_at_the_start_of_a_daemon_all_running_runs_have_crashed(scene: Scene) -> None:
    running = [scene.started()[0] for _ in range(3)]
    pending = scene.create()
    moved = scene.do(RecoverRuns(most_crashes=MOST_CRASHES), Moved)
    assert (moved.count, moved.aftermath.ready) == (3, (scene.workflow,))
    assert [scene.status(run) for run in (*running, pending)] == ["crashed"] * 3 + ["pending"]
    before = scene.dump()
    assert scene.do(RecoverRuns(most_crashes=MOST_CRASHES), Moved).count == 0
    assert scene.dump() == before
    assert [run for run, _ in scene.claim(9)] == [*running, pending]


def test_a_crash_while_somebody_pauses_it_holds_it(scene: Scene) -> None:
    run, lease = scene.started()
    scene.move(run, "paused")
    scene.crash(run, lease)
    assert (scene.status(run), scene.run(run).held, scene.claim()) == ("paused", True, [])


def test_a_zombie_can_write_nothing(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease, "s")
    scene.crash(run, lease)
    ((_, other),) = scene.claim()
    zombie = [
        scene.finishing(run, lease),
        scene.finishing(run, lease, "t", context=(("k", "1"),), context_limit=100),
        scene.finishing(run, lease, "t", attempt=2),
        scene.beginning(run, lease, "t"),
        scene.beginning(run, lease, "t", wait=StepWait(kind="sleep", due_at=scene.clock.text(1))),
        scene.moving(run, "completed", lease=lease, result="1"),
        scene.moving(run, "failed", lease=lease, error="no"),
        scene.moving(run, "pending", lease=lease),
        SuspendRun(id=run, lease=lease),
    ]
    for operation in zombie:
        assert scene.refused(operation).code == "lease_lost"
    assert scene.do(CrashRuns(((run, lease),), "again", MOST_CRASHES), Moved).count == 0
    scene.finish(run, other, attempt=2)
    assert scene.complete(run, other).run.status == "completed"
    for operation in zombie[:4]:
        assert "completed now" in scene.refused(operation).message


def test_what_ran_when_the_worker_died_is_a_failed_attempt(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease, "begun")
    scene.begin(run, lease, "finished-unbegun")
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    begun = scene.do(scene.beginning(run, lease, "begun"), BegunStep)
    assert (begun.permitted, begun.step.attempt) == (True, 2)
    scene.finish(run, lease, "finished-unbegun", attempt=2)
    scene.finish(run, lease, "begun", attempt=2)
    rows = [(s.step_id, s.attempt, s.status, s.error, s.final) for s in scene.steps(run)]
    assert sorted(rows) == [
        ("begun", 1, "failed", CRASHED, False),
        ("begun", 2, "completed", None, False),
        ("finished-unbegun", 1, "failed", CRASHED, False),
        ("finished-unbegun", 2, "completed", None, False),
    ]
