"""Concurrency keys: so many at a time, the others in order, and nobody is rejected."""

from botbus_storage.workflow_operations import MovedRun, RetryRun
from tests.storage.workflows.scene import Scene


def claimed(scene: Scene) -> list[str]:
    return [run for run, _ in scene.claim(99)]


def test_runs_of_a_key_go_one_after_the_other(scene: Scene) -> None:
    runs = [scene.create(concurrency_key="repo") for _ in range(3)]
    free = scene.create(concurrency_key="other")
    assert [scene.run(run).queued for run in runs] == [False, True, True]
    (first, lease), (other, _) = scene.claim(99)
    assert (first, other) == (runs[0], free)
    assert scene.complete(first, lease).aftermath.ready == (scene.workflow,)
    ((second, lease),) = scene.claim(99)
    assert second == runs[1]
    scene.move(second, "failed", lease=lease, error="no")
    assert claimed(scene) == [runs[2]]


def test_the_highest_priority_gets_the_next_slot(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    low, old, high = (scene.create(concurrency_key="k", priority=p) for p in (0, 1, 2))
    new = scene.create(concurrency_key="k", priority=1)
    order = []
    for _ in range(4):
        scene.complete(run, lease)
        ((run, lease),) = scene.claim(99)
        order.append(run)
    assert order == [high, old, new, low]


def test_as_many_as_the_limit_says(scene: Scene) -> None:
    for _ in range(5):
        scene.create(concurrency_key="k", concurrency_limit=3)
    first = scene.claim(99)
    assert len(first) == 3
    scene.complete(*first[0])
    scene.complete(*first[1])
    assert len(claimed(scene)) == 2


def test_a_key_is_one_over_all_workflows(scene: Scene) -> None:
    other = scene.define("other")
    run, lease = scene.started(concurrency_key="k")
    behind = scene.create(workflow="other", concurrency_key="k")
    assert scene.claim(9, (other, "1.0.0")) == []
    assert scene.complete(run, lease).aftermath.ready == (other,)
    assert [r for r, _ in scene.claim(9, (other, "1.0.0"))] == [behind]


def test_a_slot_is_kept_until_the_end(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    behind = scene.create(concurrency_key="k")
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.suspend(run, lease)
    assert claimed(scene) == []
    scene.later(1)
    ((again, lease),) = scene.claim(9)
    assert again == run
    scene.crash(run, lease)
    ((again, lease),) = scene.claim(9)
    scene.move(run, "paused", lease=lease)
    assert claimed(scene) == []
    scene.move(run, "cancelled")
    assert claimed(scene) == [behind]


def test_nobody_overtakes_whoever_is_next(scene: Scene) -> None:
    wide, lease = scene.started(concurrency_key="k", concurrency_limit=3)
    narrow = scene.create(concurrency_key="k", concurrency_limit=1)
    late = scene.create(concurrency_key="k", concurrency_limit=3)
    first = scene.create(concurrency_key="k", concurrency_limit=3, priority=1)
    assert claimed(scene) == [first]
    scene.complete(wide, lease)
    assert claimed(scene) == []
    scene.move(first, "cancelled")
    assert claimed(scene) == [narrow, late]


def test_leaving_the_queue(scene: Scene) -> None:
    scene.started(concurrency_key="k")
    gone, stays = scene.create(concurrency_key="k"), scene.create(concurrency_key="k")
    scene.move(gone, "cancelled")
    assert (claimed(scene), scene.run(stays).queued) == ([], True)


def test_a_queued_run_that_is_held_gets_its_slot_and_stays_held(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    held = scene.create(concurrency_key="k")
    scene.move(held, "paused")
    scene.complete(run, lease)
    assert (scene.run(held).queued, claimed(scene)) == (False, [])
    scene.move(held, "pending")
    assert claimed(scene) == [held]


def test_a_queued_run_that_is_resumed_queues(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    queued = scene.create(concurrency_key="k")
    scene.move(queued, "paused")
    assert scene.move(queued, "pending").run.queued
    assert claimed(scene) == []
    scene.complete(run, lease)
    assert claimed(scene) == [queued]


def test_a_delayed_run_in_a_queue_waits_for_both(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    late = scene.create(concurrency_key="k", due_at=scene.clock.text(5))
    later = scene.create(concurrency_key="k", due_at=scene.clock.text(5))
    scene.complete(run, lease)
    assert (scene.run(late).queued, claimed(scene)) == (False, [])
    scene.later(5)
    ((first, lease),) = scene.claim(9)
    assert first == late
    scene.complete(first, lease)
    assert claimed(scene) == [later]


def test_a_retried_run_asks_for_a_slot_anew(scene: Scene) -> None:
    run, lease = scene.started(concurrency_key="k")
    scene.move(run, "failed", lease=lease, error="no")
    other, lease = scene.started(concurrency_key="k")
    assert scene.do(RetryRun(id=run, from_step=None, attempt=None), MovedRun).run.queued
    assert claimed(scene) == []
    scene.complete(other, lease)
    assert claimed(scene) == [run]


def test_cancelling_a_family_that_shares_a_key(scene: Scene) -> None:
    parent, _ = scene.started(concurrency_key="p")
    children = [scene.create(parent=parent, parent_step="s", concurrency_key="k") for _ in range(3)]
    stranger = scene.create(concurrency_key="k")
    scene.move(parent, "cancelled")
    assert {scene.status(child) for child in children} == {"cancelled"}
    assert claimed(scene) == [stranger]
