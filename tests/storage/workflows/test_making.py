"""Making runs: the same id or key is the same run, and nothing is made of what cannot be run."""

from typing import Any

import pytest

from botbus_protocol.grammar import new_id
from botbus_storage.operations import CreateChannel, CreatedChannel
from botbus_storage.workflow_operations import (
    CreatedRun,
    SavedSchedule,
    SaveSchedule,
)
from tests.storage.letters import letter
from tests.storage.workflows.scene import Scene, value


def test_a_run_is_made_ready(scene: Scene) -> None:
    created = scene.do(scene.creation(input='{"n":1}', context='{"a":[]}'), CreatedRun)
    assert (created.created, created.claimed) == (True, False)
    run = created.run
    assert (run.status, run.workflow, run.version) == ("pending", "build", "1.0.0")
    assert (value(run.input), value(run.context), run.started_by) == ({"n": 1}, {"a": []}, "worker")
    assert created.aftermath.ready == (scene.workflow,)
    assert [run for run, _ in scene.claim()] == [run.id]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"lease": "1.1", "holder_pid": 7},
        {"input": '{"n":[1,null]}', "context": '{"a":{}}', "key": "k", "priority": 3},
        {"lease": "1.1", "concurrency_key": "c", "trigger_type": "message", "version": "1.0.0"},
        {"bot_id": "nobody", "lease": "1.1"},
        {"parent": "it", "parent_step": "s"},
        {"due_at": "2030-01-01T00:00:00.000000Z"},
        {"workflow": "timed", "lease": "1.1"},
        {"workflow": "timed"},
    ],
    ids=str,
)
def test_what_is_told_of_a_new_run_is_what_is_read_of_it(
    scene: Scene, fields: dict[str, Any]
) -> None:
    scene.define("timed", timeout_secs=60)
    parent, _ = scene.started(concurrency_key="c")
    if "parent" in fields:
        fields = {**fields, "parent": parent}
    created = scene.do(scene.creation(**fields), CreatedRun)
    assert created.run == scene.run(created.run.id)
    assert created.run.queued == ("concurrency_key" in fields)


def test_by_name_or_by_id(scene: Scene) -> None:
    assert scene.run(scene.create(workflow="build")).workflow_id == scene.workflow
    assert scene.run(scene.create(workflow=scene.workflow)).workflow == "build"


def test_the_same_id_is_the_same_run(scene: Scene) -> None:
    operation = scene.creation(input='{"a":1,"b":2}')
    first = scene.do(operation, CreatedRun)
    before = scene.dump()
    again = scene.do(scene.creation(id=operation.id, input='{"b":2,"a":1}'), CreatedRun)
    assert (again.created, again.run) == (False, first.run)
    assert scene.dump() == before


@pytest.mark.parametrize("other", [{"input": "2"}, {"key": "k"}, {"workflow": "other"}])
def test_an_id_that_is_taken(scene: Scene, other: dict[str, str]) -> None:
    scene.define("other")
    run = scene.create(input="1")
    fault = scene.refused(scene.creation(id=run, **{"input": "1", **other}))
    assert fault.code == "conflict"


def test_the_same_key_is_the_same_run_even_when_it_has_ended(scene: Scene) -> None:
    run, lease = scene.started(key="release-1")
    assert scene.create(key="release-1") == run
    scene.complete(run, lease)
    again = scene.do(scene.creation(key="release-1"), CreatedRun)
    assert (again.run.id, again.created, again.claimed) == (run, False, False)
    scene.define("other")
    assert scene.create(workflow="other", key="release-1") != run


def test_what_cannot_be_made(scene: Scene) -> None:
    scene.define("draft", status="draft")
    scene.define("old", status="archived")
    assert scene.refused(scene.creation(workflow="nowhere")).code == "not_found"
    assert scene.refused(scene.creation(version="9")).code == "not_found"
    assert scene.refused(scene.creation(parent=new_id(), parent_step="s")).code == "not_found"
    assert scene.refused(scene.creation(workflow="draft")).code == "illegal_state"
    assert scene.refused(scene.creation(workflow="old")).code == "illegal_state"
    run, lease = scene.started()
    scene.complete(run, lease)
    assert scene.refused(scene.creation(parent=run, parent_step="s")).code == "illegal_state"
    assert scene.refused(scene.creation(schedule=new_id())).code == "not_found"


def test_a_run_keeps_the_definition_that_it_began_with(scene: Scene) -> None:
    run = scene.create()
    scene.define("build", version="1.0.0", note="other content")
    scene.define("build", version="2.0.0")
    newest, old = scene.create(), scene.create(version="1.0.0")
    of = {r: scene.column(r, "snapshot_id") for r in (run, old, newest)}
    assert of[run] < of[old] < of[newest]
    assert [scene.run(r).version for r in (run, old, newest)] == ["1.0.0", "1.0.0", "2.0.0"]
    assert {r for r, _ in scene.claim(9)} == {run, old}
    assert [r for r, _ in scene.claim(9, (scene.workflow, "2.0.0"))] == [newest]


def test_a_run_is_claimed_as_it_is_made(scene: Scene) -> None:
    lease = scene.lease()
    created = scene.do(scene.creation(lease=lease, holder_pid=9), CreatedRun)
    assert created.claimed
    assert (created.run.status, created.run.holder, created.run.holder_pid) == (
        "running",
        "worker",
        9,
    )
    assert (created.run.attempt, created.run.started_at) == (1, created.run.created_at)
    assert scene.told() == ["run.started"]
    scene.finish(created.run.id, lease)
    assert scene.claim() == []


@pytest.mark.parametrize("why", ["delay", "queue", "paused", "full"])
def test_what_may_not_be_claimed_is_not_claimed_as_it_is_made(scene: Scene, why: str) -> None:
    workflow = scene.define("kept", status="paused" if why == "paused" else "active", concurrency=1)
    if why in {"queue", "full"}:
        scene.started(workflow="kept", concurrency_key="k" if why == "queue" else None)
    created = scene.do(
        scene.creation(
            workflow="kept",
            lease=scene.lease(),
            due_at=scene.clock.text(5) if why == "delay" else None,
            concurrency_key="k" if why == "queue" else None,
        ),
        CreatedRun,
    )
    assert (created.claimed, created.run.status) == (False, "pending")
    assert created.run.queued == (why == "queue")
    assert scene.claim(9, (workflow, "1.0.0")) == []


def test_a_delayed_run_waits_for_its_time(scene: Scene) -> None:
    created = scene.do(scene.creation(due_at=scene.clock.text(5)), CreatedRun)
    assert created.aftermath.due_at == scene.clock.text(5)
    assert [wait.kind for wait in created.run.waits] == ["delay"]
    assert scene.claim() == []
    assert scene.later(4.9).count == 0
    assert scene.later(0.1).aftermath.ready == (scene.workflow,)
    assert [run for run, _ in scene.claim()] == [created.run.id]


def test_a_run_knows_the_newest_message_of_its_beginning(scene: Scene) -> None:
    scene.do(CreateChannel(name="news", bot_id=scene.bot), CreatedChannel)
    scene.batch(letter(channel="news"), letter(channel="news"))
    assert scene.column(scene.create(), "start_seq") == 2


def test_a_schedule_is_moved_with_the_run_that_it_starts(scene: Scene) -> None:
    schedule = new_id()
    at, following = scene.clock.text(0), scene.clock.text(60)
    scene.do(
        SaveSchedule(
            id=schedule,
            workflow_id=scene.workflow,
            cron="* * * * *",
            timezone="UTC",
            catch_up="one",
            input=None,
            bot_id=scene.bot,
            next_at=at,
        ),
        SavedSchedule,
    )
    fields = {
        "key": f"schedule:{schedule}:{at}",
        "trigger_type": "schedule",
        "schedule": schedule,
        "schedule_at": at,
        "schedule_next_at": following,
    }
    run = scene.create(**fields)
    rows = scene.connection.execute("SELECT last_at, next_at FROM workflow_schedules").fetchall()
    assert rows == [(at, following)]
    assert scene.create(**fields) == run
    assert scene.run(run).trigger_type == "schedule"
