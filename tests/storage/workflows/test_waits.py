"""Waiting: for a time, a message or a child; nothing is held meanwhile, and nothing is forgotten."""

import json

import pytest

from botbus_protocol.grammar import new_id
from botbus_storage.operations import (
    CreateChannel,
    CreatedChannel,
    RecallMessage,
    RecordDelivery,
    Saved,
)
from botbus_storage.workflow_operations import EndedWaits, EndWaits, MovedRun, StepWait, SuspendRun
from tests.storage.letters import SENDER, letter
from tests.storage.workflows.scene import Scene, message, value


def test_a_sleep(scene: Scene) -> None:
    run, lease = scene.started()
    begun = scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(30))
    assert (begun.permitted, begun.step.status, begun.step.kind) == (False, "running", "sleep")
    assert begun.aftermath.due_at == scene.clock.text(30)
    suspended = scene.suspend(run, lease)
    assert (suspended.run.status, suspended.run.held) == ("paused", False)
    assert scene.claim() == []
    woken = scene.later(30)
    assert (woken.count, woken.next_due_at, woken.aftermath.ready) == (1, None, (scene.workflow,))
    assert (scene.status(run), scene.step(run, "nap").status) == ("pending", "completed")


def test_a_wait_that_is_begun_again_is_the_same(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.beginning(
        run, lease, wait=StepWait(kind="message", bot_id=scene.bot, type="done", where='{"a":1}')
    )
    (first,) = scene.batch(operation)
    before = scene.dump()
    assert scene.batch(operation) == [first]
    assert scene.dump() == before
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    again = scene.wait(run, lease, "s", "message", bot_id=scene.bot)
    assert (again.permitted, again.step.attempt) == (False, 1)
    assert again.wait == StepWait(kind="message", bot_id=scene.bot, type="done", where='{"a":1}')


def test_what_was_begun_to_be_run_may_wait_instead(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease)
    waiting = scene.wait(run, lease, "s", "sleep", due_at=scene.clock.text(1))
    assert (waiting.step.attempt, waiting.step.kind, waiting.permitted) == (1, "sleep", False)
    scene.later(1)
    assert [s.status for s in scene.steps(run)] == ["completed"]


@pytest.mark.parametrize("most", [1, 2, 10])
def test_waits_end_in_their_order_and_the_next_time_is_told(scene: Scene, most: int) -> None:
    run, lease = scene.started()
    for number in (3, 1, 2, 9):
        scene.wait(run, lease, f"nap-{number}", "sleep", due_at=scene.clock.text(number))
    scene.clock.now += 3
    ended = scene.do(EndWaits(most), EndedWaits)
    assert ended.count == min(most, 3)
    done = {s.step_id for s in scene.steps(run) if s.status == "completed"}
    assert done == {f"nap-{n}" for n in range(1, ended.count + 1)}
    following = ended.count + 1 if ended.count < 3 else 9
    assert ended.next_due_at == scene.clock.text(following - 3)
    again = scene.do(EndWaits(10), EndedWaits)
    assert again.count == 3 - ended.count
    before = scene.dump()
    assert scene.do(EndWaits(10), EndedWaits).count == 0
    assert scene.dump() == before


def test_a_run_that_times_out_takes_its_other_waits_along(scene: Scene) -> None:
    scene.define("timed", timeout_secs=5)
    run, lease = scene.started(workflow="timed")
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(6))
    scene.suspend(run, lease, due_in=7)
    assert scene.later(10).count == 1
    assert (scene.status(run), scene.step(run, "nap").status) == ("failed", "failed")


# Messages


def test_a_message_finishes_the_step(scene: Scene) -> None:
    (saved,) = scene.batch(letter(to="worker", body='{"ok":true}', type="ci.done"))
    assert isinstance(saved, Saved)
    run, lease = scene.started()
    scene.wait(run, lease, "ci", "message", bot_id=scene.bot)
    scene.suspend(run, lease)
    found = message(saved.seq, id=saved.id, type="ci.done", body={"ok": True})
    assert scene.fulfil(run, "ci", found, scene.bot).aftermath.ready == (scene.workflow,)
    said = value(scene.step(run, "ci").output)
    assert said == {
        "seq": saved.seq,
        "id": saved.id,
        "sender": "ann",
        "channel": None,
        "type": "ci.done",
        "body": {"ok": True},
        "reply_to": None,
        "headers": {},
        "timestamp": found.timestamp,
        "thread": None,
    }
    rows = scene.connection.execute("SELECT seq, bot_id, state, lease FROM bot_deliveries")
    assert rows.fetchall() == [(saved.seq, scene.bot, "acked", "1.mail")]
    before = scene.dump()
    assert scene.fulfil(run, "ci", found, scene.bot).count == 0
    assert scene.dump() == before


@pytest.mark.parametrize("fate", ["acked", "recalled"])
def test_a_message_that_is_gone_finishes_nothing(scene: Scene, fate: str) -> None:
    sent = letter(to="worker")
    (saved,) = scene.batch(sent)
    assert isinstance(saved, Saved)
    if fate == "acked":
        scene.batch(RecordDelivery(seq=saved.seq, bot_id=scene.bot, state="acked", attempts=1))
    else:
        scene.batch(RecallMessage(id=sent.id, sender_id=SENDER))
    run, lease = scene.started()
    scene.wait(run, lease, "ci", "message", bot_id=scene.bot)
    before = scene.dump()
    assert scene.fulfil(run, "ci", message(saved.seq), scene.bot).count == 0
    assert scene.dump() == before


def test_one_message_finishes_one_wait(scene: Scene) -> None:
    (saved,) = scene.batch(letter(to="worker"))
    assert isinstance(saved, Saved)
    runs = [scene.started() for _ in range(2)]
    for run, lease in runs:
        scene.wait(run, lease, "ci", "message", bot_id=scene.bot)
    counts = [scene.fulfil(run, "ci", message(saved.seq), scene.bot).count for run, _ in runs]
    assert counts == [1, 0]


def test_a_message_that_does_not_come(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "ci", "message", bot_id=scene.bot, due_at=scene.clock.text(2.5))
    scene.suspend(run, lease)
    scene.later(2.5)
    step = scene.step(run, "ci")
    assert (step.status, step.final) == ("failed", True)
    assert step.error == "timeout: no message came within 2.5 s"
    assert scene.status(run) == "pending"


def test_a_channel_is_read_on_from_the_last_message_taken(scene: Scene) -> None:
    for channel in ("ci", "other"):
        scene.do(CreateChannel(name=channel, bot_id=scene.bot), CreatedChannel)
    scene.batch(letter(channel="ci"), letter(channel="ci"))
    run, lease = scene.started()
    told = scene.connection.execute("SELECT max(seq) FROM bot_messages").fetchone()[0]
    assert told == 3  # the two, and that the run was started
    assert scene.wait(run, lease, "a", "message", channel="ci").after_seq == 2
    scene.fulfil(run, "a", message(40, channel="ci"))
    assert scene.wait(run, lease, "b", "message", channel="ci").after_seq == 40
    assert scene.wait(run, lease, "c", "message", channel="other").after_seq == 2
    scene.finish(run, lease, "plain", output=json.dumps({"channel": "other", "seq": 99}))
    assert scene.wait(run, lease, "d", "message", channel="other").after_seq == 2


def test_a_worker_that_holds_the_run_is_told(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    (arrived,) = scene.later(1).aftermath.arrived
    assert (arrived.run_id, arrived.lease, arrived.step.step_id) == (run, lease, "nap")


def test_a_crashed_run_stays_as_it_is_when_something_comes(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.crash(run, lease)
    scene.later(1)
    assert (scene.status(run), len(scene.claim())) == ("crashed", 1)


def test_what_comes_ends_a_row_of_crashes(scene: Scene) -> None:
    run, lease = scene.started()
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.later(1)
    assert scene.run(run).crashes == 0


# Letting go


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


# Children


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
