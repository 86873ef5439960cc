"""Running an ended run again: what failed, or from a step on; old rows are kept."""

import pytest

from botbus_storage.workflow_operations import CreatedRun, MovedRun, RetryRun
from tests.storage.workflows.scene import Scene, value


def failed(scene: Scene) -> str:
    """A run that finished a and b and failed at c."""
    run, lease = scene.started()
    scene.finish(run, lease, "a", output="1")
    scene.finish(run, lease, "b", status="failed", error="once")
    scene.finish(run, lease, "b", output="2", attempt=2)
    scene.finish(run, lease, "c", status="failed", error="no")
    scene.finish(run, lease, "c", status="failed", error="no", attempt=2, final=True)
    scene.move(run, "failed", lease=lease, error="no", result="0")
    return run


def rows(scene: Scene, run: str) -> list[tuple[str, int, str, bool]]:
    return [(s.step_id, s.attempt, s.status, s.superseded) for s in scene.steps(run)]


def test_what_failed_is_run_again(scene: Scene) -> None:
    run = failed(scene)
    retried = scene.retry(run)
    assert retried.run.status == "pending"
    assert (retried.run.error, retried.run.result, retried.run.completed_at) == (None, None, None)
    assert retried.aftermath.ready == (scene.workflow,)
    ((_, lease),) = scene.claim()
    assert scene.begin(run, lease, "a").permitted is False
    assert scene.begin(run, lease, "b").permitted is False
    begun = scene.begin(run, lease, "c")
    assert (begun.permitted, begun.step.attempt) == (True, 1)
    scene.finish(run, lease, "c", output="3")
    scene.complete(run, lease)
    assert rows(scene, run) == [
        ("a", 1, "completed", False),
        ("b", 1, "failed", False),
        ("b", 2, "completed", False),
        ("c", 1, "failed", True),
        ("c", 2, "failed", True),
        ("c", 1, "completed", False),
    ]


def test_from_a_step_on(scene: Scene) -> None:
    run = failed(scene)
    scene.retry(run, from_step="b")
    assert [s.step_id for s in scene.steps(run) if not s.superseded] == ["a"]
    ((_, lease),) = scene.claim()
    scene.finish(run, lease, "b", output="9")
    scene.finish(run, lease, "c", output="9")
    scene.complete(run, lease)
    scene.retry(run, from_step="a")
    assert all(s.superseded for s in scene.steps(run))
    assert len(scene.steps(run)) == 7


@pytest.mark.parametrize("how", ["completed", "failed", "cancelled"])
def test_any_ended_run(scene: Scene, how: str) -> None:
    run, lease = scene.started()
    scene.finish(run, lease, "a", output="1")
    scene.move(run, how, lease=lease)
    scene.retry(run)
    ((again, lease),) = scene.claim()
    assert (again, scene.run(run).attempt) == (run, 2)
    assert scene.begin(run, lease, "a").permitted is False


def test_what_cannot_be_retried(scene: Scene) -> None:
    run, lease = scene.started()
    retry = RetryRun(id=run, from_step=None, attempt=None)
    assert scene.refused(retry).code == "illegal_state"
    scene.suspend(run, lease, due_in=5)
    assert scene.refused(retry).code == "illegal_state"
    scene.move(run, "cancelled")
    nowhere = RetryRun(id=run, from_step="nowhere", attempt=None)
    assert scene.refused(nowhere).code == "not_found"
    unknown = RetryRun(id=scene.bot, from_step=None, attempt=None)
    assert scene.refused(unknown).code == "not_found"


def test_a_repeat_that_names_the_attempt_is_harmless(scene: Scene) -> None:
    run = failed(scene)
    operation = RetryRun(id=run, from_step="b", attempt=1)
    scene.again(operation, MovedRun)
    ((_, lease),) = scene.claim()
    scene.move(run, "failed", lease=lease, error="again")
    before = scene.dump()
    assert scene.do(operation, MovedRun).changed is False
    assert scene.dump() == before


def test_its_time_begins_anew(scene: Scene) -> None:
    scene.define("timed", timeout_secs=5)
    run, _ = scene.started(workflow="timed")
    scene.later(5)
    assert scene.status(run) == "failed"
    scene.retry(run)
    scene.clock.now += 100
    workflow = scene.run(run).workflow_id
    assert len(scene.claim(1, (workflow, "1.0.0"))) == 1
    assert scene.run(run).timeout_at == scene.clock.text(5)


def child_of(scene: Scene, run: str) -> CreatedRun:
    operation = scene.creation(key=f"{run}/sub", parent=run, parent_step="sub")
    return scene.do(operation, CreatedRun)


def test_a_child_that_failed_is_made_anew(scene: Scene) -> None:
    run, lease = scene.started()
    child = child_of(scene, run).run.id
    scene.wait(run, lease, "sub", "child", child=child)
    scene.move(child, "cancelled")
    scene.move(run, "failed", lease=lease, error="no")
    scene.retry(run)
    again = child_of(scene, run)
    assert (again.created, again.run.id != child) == (True, True)
    assert scene.run(child).key == f"{run}/sub~1.1"
    assert child_of(scene, run).run.id == again.run.id


def test_a_child_that_was_retried_with_success_is_not_made_anew(scene: Scene) -> None:
    run, lease = scene.started()
    child = child_of(scene, run).run.id
    scene.wait(run, lease, "sub", "child", child=child)
    scene.move(child, "cancelled")
    scene.move(run, "failed", lease=lease, error="no")
    scene.retry(child)
    ((_, child_lease),) = scene.claim()
    scene.complete(child, child_lease, "5")
    scene.retry(run)
    ((_, lease),) = scene.claim()
    assert child_of(scene, run).run.id == child
    assert value(scene.wait(run, lease, "sub", "child", child=child).step.output) == 5


def test_from_a_step_on_a_child_is_made_anew_though_it_completed(scene: Scene) -> None:
    run, lease = scene.started()
    child = child_of(scene, run).run.id
    scene.wait(run, lease, "sub", "child", child=child)
    ((_, child_lease),) = scene.claim()
    scene.complete(child, child_lease)
    scene.complete(run, lease)
    scene.retry(run, from_step="sub")
    assert child_of(scene, run).run.id != child
