"""Waiting, for a time or a message: nothing is forgotten meanwhile."""

import json

import pytest

from botbus_storage.operations import (
    CreateChannel,
    CreatedChannel,
    RecallMessage,
    RecordDelivery,
    Saved,
)
from botbus_storage.workflow_operations import EndedWaits, EndWaits, StepWait
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
