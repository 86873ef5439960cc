"""Approvals: bound to what was shown, decided once, and nothing that came before is run again."""

from typing import Any

import pytest

from botbus_storage.workflow_operations import SteppedLog
from tests.storage.workflows.scene import Scene, message, value

HASH = "0" * 64


def waiting(scene: Scene, **fields: Any) -> tuple[str, str]:
    """A run that waits for an approval, still in its holder's hands."""
    run, lease = scene.started()
    scene.finish(run, lease, "before", output="1")
    begun = scene.wait(run, lease, "ok", "approval", **fields)
    assert (begun.permitted, begun.step.status) == (False, "waiting_approval")
    return run, lease


@pytest.mark.parametrize("approved", [True, False])
def test_a_verdict_is_the_output_of_the_step(scene: Scene, approved: bool) -> None:
    run, lease = waiting(scene)
    assert scene.suspend(run, lease).run.status == "paused"
    operation = scene.deciding(run, "ok", approved=approved, comment="go on")
    decided = scene.again(operation, SteppedLog)
    assert value(decided.step.output) == {
        "approved": approved,
        "by": "ann",
        "comment": "go on",
        "expired": False,
    }
    assert decided.aftermath.ready == (scene.workflow,)
    assert (scene.status(run), scene.run(run).waits) == ("pending", [])


def test_approving_runs_nothing_again_and_asks_nothing_again(scene: Scene) -> None:
    run, lease = waiting(scene)
    scene.suspend(run, lease)
    scene.decide(run, "ok")
    ((_, lease),) = scene.claim()
    before = scene.dump()
    assert scene.begin(run, lease, "before").permitted is False
    again = scene.wait(run, lease, "ok", "approval")
    assert (again.step.status, again.wait, again.permitted) == ("completed", None, False)
    assert scene.dump() == before


def test_another_verdict_is_a_conflict(scene: Scene) -> None:
    run, _ = waiting(scene)
    scene.decide(run, "ok", approved=True)
    assert scene.refused(scene.deciding(run, "ok", approved=False)).code == "conflict"


def test_another_input_is_a_conflict(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "ok", "approval")
    other, other_lease = scene.started()
    scene.begin(other, other_lease, "ok", input='{"tag":"v2"}')
    shown = scene.step(run, "ok").input_hash
    assert shown != scene.step(other, "ok").input_hash
    fault = scene.refused(scene.deciding(run, "ok", input_hash=HASH))
    assert (fault.code, (fault.details or {})["input_hash"]) == ("conflict", shown)
    scene.decide(run, "ok")
    assert scene.refused(scene.deciding(run, "ok", input_hash=HASH)).code == "conflict"


def test_what_waits_for_no_approval_is_not_decided(scene: Scene) -> None:
    run, lease = scene.started()
    scene.finish(run, lease, "plain", output='{"approved":true}')
    scene.begin(run, lease, "begun")
    for step in ("plain", "begun"):
        assert scene.refused(scene.deciding(run, step)).code == "illegal_state"
    unknown = scene.deciding(run, "no", input_hash=HASH)
    assert scene.refused(unknown).code == "not_found"


def test_an_ended_run_is_not_approved(scene: Scene) -> None:
    run, _ = waiting(scene)
    scene.move(run, "cancelled")
    assert scene.refused(scene.deciding(run, "ok")).code == "illegal_state"


def test_an_approval_expires(scene: Scene) -> None:
    run, lease = waiting(scene, due_at=scene.clock.text(60))
    scene.suspend(run, lease)
    assert scene.later(60).aftermath.ready == (scene.workflow,)
    said = value(scene.step(run, "ok").output)
    assert said == {"approved": False, "by": "", "comment": "", "expired": True}
    assert scene.refused(scene.deciding(run, "ok", approved=False)).code == "conflict"


def test_a_run_that_is_held_stays_held_when_it_is_approved(scene: Scene) -> None:
    run, lease = waiting(scene)
    scene.suspend(run, lease)
    scene.move(run, "paused")
    scene.decide(run, "ok")
    assert (scene.status(run), scene.claim()) == ("paused", [])


def test_a_worker_that_holds_the_run_is_told(scene: Scene) -> None:
    run, lease = waiting(scene)
    (arrived,) = scene.decide(run, "ok").aftermath.arrived
    assert (arrived.run_id, arrived.lease, arrived.step.status) == (run, lease, "completed")


@pytest.mark.parametrize(
    ("body", "approved", "comment"),
    [(True, True, ""), (False, False, ""), ({"approved": True, "comment": "fine"}, True, "fine")],
)
def test_a_reply_decides(scene: Scene, body: object, approved: bool, comment: str) -> None:
    run, lease = waiting(scene, bot_id=scene.bot, reply_to=scene.bot)
    scene.suspend(run, lease)
    assert scene.fulfil(run, "ok", message(sender="ben", body=body), scene.bot).count == 1
    said = value(scene.step(run, "ok").output)
    assert said == {"approved": approved, "by": "ben", "comment": comment, "expired": False}


def test_a_reply_that_is_no_verdict_is_left_alone(scene: Scene) -> None:
    run, _ = waiting(scene, bot_id=scene.bot, reply_to=scene.bot)
    before = scene.dump()
    assert scene.fulfil(run, "ok", message(body={"approved": "yes"}), scene.bot).count == 0
    assert scene.dump() == before
