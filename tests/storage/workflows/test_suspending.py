"""A run that is let go of: it is held by nobody until what it waits for has come."""

from botbus_storage.workflow_operations import MovedRun, SuspendRun
from tests.storage.workflows.scene import Scene


def test_a_run_is_let_go(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "ci", "message", channel="ci", due_at=scene.clock.text(9))
    moved = scene.suspend(run, lease)
    assert (moved.run.status, moved.run.holder) == ("paused", None)
    assert scene.events[-1] == {
        "type": "run.waiting",
        "run": run,
        "workflow": "build",
        "version": "1.0.0",
        "status": "paused",
        "attempt": 1,
        "waits": [
            {"step_id": "ci", "kind": "message", "due_at": scene.clock.text(9), "channel": "ci"}
        ],
    }
    assert scene.refused(SuspendRun(id=run, lease=lease)).code == "lease_lost"
    assert scene.refused(SuspendRun(id=scene.bot, lease=lease)).code == "not_found"


def test_a_run_that_waits_for_nothing_is_offered_again(scene: Scene) -> None:
    scene.define("timed", timeout_secs=100)
    run, lease = scene.started(workflow="timed")
    moved = scene.suspend(run, lease)
    assert (moved.run.status, len(moved.aftermath.ready)) == ("pending", 1)


def test_a_run_that_was_woken_while_it_was_let_go_is_offered_again(scene: Scene) -> None:
    """Its worker saw two waits, one ended before the worker heard of it, and it let go."""
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.wait(run, lease, "ci", "message", channel="ci")
    scene.later(1)
    assert scene.suspend(run, lease).run.status == "pending"
    ((_, lease),) = scene.claim()
    assert scene.suspend(run, lease).run.status == "paused"


def test_a_run_is_let_go_for_a_while(scene: Scene) -> None:
    run, lease = scene.started()
    moved = scene.suspend(run, lease, due_in=20)
    assert (moved.run.status, moved.aftermath.due_at) == ("paused", scene.clock.text(20))
    assert [w.kind for w in moved.run.waits] == ["backoff"]
    scene.later(20)
    assert [claimed for claimed, _ in scene.claim()] == [run]


def test_what_comes_before_the_while_is_over_wakes_it(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.suspend(run, lease, due_in=20)
    scene.later(1)
    assert len(scene.claim()) == 1
    assert scene.run(run).waits == []


def test_resuming_does_not_wait_for_a_while_to_be_over(scene: Scene) -> None:
    run, lease = scene.started()
    scene.suspend(run, lease, due_in=20)
    scene.do(scene.moving(run, "pending"), MovedRun)
    assert len(scene.claim()) == 1
