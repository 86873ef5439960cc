"""A step that waits for another run, and what the end of that one does to it."""

import pytest

from botbus_protocol.grammar import new_id
from botbus_storage.workflow_operations import StepWait
from tests.storage.workflows.scene import Scene, value


def test_a_child_finishes_the_step_of_its_parent(scene: Scene) -> None:
    run, lease = scene.started()
    child, child_lease = scene.started(parent=run, parent_step="sub")
    waiting = scene.wait(run, lease, "sub", "child", child=child)
    assert (waiting.permitted, waiting.step.kind) == (False, "child")
    scene.suspend(run, lease)
    done = scene.complete(child, child_lease, '{"n":1}')
    assert done.aftermath.ready == (scene.workflow,)
    step = scene.step(run, "sub")
    assert (scene.status(run), step.status, value(step.output)) == (
        "pending",
        "completed",
        {"n": 1},
    )


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_child_that_does_not_complete_fails_the_step(scene: Scene, how: str) -> None:
    run, lease = scene.started()
    child, child_lease = scene.started(parent=run, parent_step="sub")
    scene.wait(run, lease, "sub", "child", child=child)
    error = "no disk" if how == "failed" else None
    moved = scene.move(child, how, lease=child_lease, error=error)
    step = scene.step(run, "sub")
    assert (step.status, step.final) == ("failed", True)
    assert step.error == (error or f"run {child} was cancelled")
    assert [a.run_id for a in moved.aftermath.arrived] == [run]


def test_a_child_that_has_ended_is_not_waited_for(scene: Scene) -> None:
    run, lease = scene.started()
    good, good_lease = scene.started()
    bad, _ = scene.started()
    scene.complete(good, good_lease, "7")
    scene.move(bad, "cancelled")
    begun = scene.wait(run, lease, "a", "child", child=good)
    assert (begun.step.status, value(begun.step.output), begun.wait) == ("completed", 7, None)
    assert scene.wait(run, lease, "b", "child", child=bad).step.status == "failed"
    assert scene.run(run).waits == []


def test_a_child_that_takes_too_long(scene: Scene) -> None:
    run, lease = scene.started()
    child = scene.create(parent=run, parent_step="sub")
    scene.wait(run, lease, "sub", "child", child=child, due_at=scene.clock.text(3))
    scene.later(3)
    step = scene.step(run, "sub")
    assert (step.status, step.final) == ("failed", True)
    assert step.error == f"timeout: run {child} did not end within 3 s"
    assert scene.status(child) == "pending"


def test_who_cannot_be_waited_for(scene: Scene) -> None:
    run, lease = scene.started()
    unknown = StepWait(kind="child", child=new_id())
    assert scene.refused(scene.beginning(run, lease, wait=unknown)).code == "not_found"
    itself = StepWait(kind="child", child=run)
    assert scene.refused(scene.beginning(run, lease, wait=itself)).code == "illegal_state"


def test_many_may_wait_for_one(scene: Scene) -> None:
    child, child_lease = scene.started()
    runs = [scene.started() for _ in range(3)]
    for run, lease in runs:
        scene.wait(run, lease, "sub", "child", child=child)
        scene.suspend(run, lease)
    scene.complete(child, child_lease)
    assert [scene.status(run) for run, _ in runs] == ["pending"] * 3
