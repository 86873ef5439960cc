"""Runs that are started by the clock, once for each time, also when no daemon ran then."""

import sqlite3
import time
from contextlib import closing

import pytest

from botbus_protocol import timestamps
from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import claim_one, finish, save
from tests.waiting import eventually

Flow = tuple[Plain, Json]
EVERY_SECOND = "* * * * * *"
EVERY_MINUTE = "* * * * *"


def schedule(worker: Plain, workflow: Json, cron: str, **fields: object) -> Json:
    id_ = fields.pop("id", None) or new_id()
    saved: Json = worker.ok("save_schedule", id=id_, workflow=workflow["id"], cron=cron, **fields)[
        "schedule"
    ]
    return saved


def test_it_starts_a_run_at_each_time(flow: Flow) -> None:
    worker, workflow = flow
    saved = schedule(worker, workflow, EVERY_SECOND, input={"from": "clock"})
    first, second = (claim_one(worker, workflow)["run"] for _ in range(2))
    worker.ok("delete_schedule", id=saved["id"])
    assert (first["trigger_type"], first["input"]) == ("schedule", {"from": "clock"})
    assert first["started_by"] == worker.bot
    for run in (first, second):
        prefix, schedule_id, at = run["key"].split(":", 2)
        assert (prefix, schedule_id) == ("schedule", saved["id"])
        assert 0 <= timestamps.to_epoch(run["created_at"]) - timestamps.to_epoch(at) < 2.0
    assert first["key"].endswith(saved["next_at"])


def test_it_is_listed_and_deleted(flow: Flow) -> None:
    worker, workflow = flow
    fields = {"timezone": "Europe/Berlin", "catch_up": "all"}
    saved = schedule(worker, workflow, "30 2 * * MON-FRI", **fields)
    assert schedule(worker, workflow, "30 2 * * MON-FRI", id=saved["id"], **fields) == saved
    (listed,) = worker.ok("list_schedules", workflow=workflow["name"])["schedules"]
    assert listed == saved
    assert (listed["cron"], listed["timezone"], listed["catch_up"]) == (
        "30 2 * * MON-FRI",
        "Europe/Berlin",
        "all",
    )
    changed = schedule(worker, workflow, "0 0 1 1 *", id=saved["id"])
    assert changed["next_at"].endswith("-01-01T00:00:00.000000Z")
    assert worker.ok("delete_schedule", id=saved["id"]) == {"kind": "done"}
    assert worker.ok("delete_schedule", id=saved["id"])["changed"] is False
    assert worker.ok("list_schedules", workflow=workflow["name"])["schedules"] == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cron": "often"}, "cron 'often' cannot be read"),
        ({"cron": "61 * * * *"}, "Bad minute"),
        ({"cron": "0 0 30 2 *"}, "cannot be read"),
        ({"cron": "* " * 200}, "more than 256 characters"),
        ({"timezone": "Mars/Olympus"}, "is not in the tz database"),
        ({"timezone": "../../etc/passwd"}, "is not in the tz database"),
        ({"catch_up": "some"}, "catch_up"),
        ({"input": {"x": b"raw"}}, "run_input.x is bytes"),
    ],
)
def test_what_is_wrong_is_named(flow: Flow, fields: Json, sentence: str) -> None:
    worker, workflow = flow
    request = {"id": new_id(), "workflow": workflow["id"], "cron": EVERY_MINUTE, **fields}
    error = worker.error("save_schedule", **request)
    assert error["code"] == "invalid"
    assert sentence in error["message"]
    assert worker.ok("list_schedules", workflow=workflow["id"])["schedules"] == []


def test_a_workflow_that_takes_no_runs_leaves_times_out(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    saved = schedule(worker, workflow, EVERY_SECOND)
    save(worker, name=workflow["name"], status="archived")
    stuck(worker, saved)
    save(worker, name=workflow["name"], status="active")
    run = claim_one(worker, workflow)["run"]
    assert run["key"].split(":", 2)[2] > saved["next_at"]
    assert "started no run" in own.daemon.log()


def stuck(worker: Plain, saved: Json) -> None:
    """Waits until the schedule has gone past its first time, which is told of nowhere."""

    def next_at() -> str:
        return str(worker.ok("list_schedules")["schedules"][0]["next_at"])

    eventually(lambda: next_at() > saved["next_at"])


@pytest.mark.parametrize(("catch_up", "made_up"), [("none", 0), ("one", 1), ("all", 4)])
def test_missed_times_are_made_up_for_as_it_says(own: Bots, catch_up: str, made_up: int) -> None:
    """The daemon was down at four times; a fifth that comes while the test runs is let pass."""
    worker = own("worker")
    workflow = save(worker)
    saved = schedule(worker, workflow, EVERY_MINUTE, catch_up=catch_up)
    own.daemon.kill()
    minute = time.time() // 60 * 60
    missed = [timestamps.from_epoch(minute - 60 * back) for back in (3, 2, 1, 0)]
    with closing(sqlite3.connect(own.daemon.database)) as database, database:
        database.execute("UPDATE workflow_schedules SET next_at = ?", (missed[0],))
    own.daemon.start()
    fresh = own("worker")
    runs = fresh.ok("list_runs", workflow=workflow["id"])["runs"]
    keys = [run["key"] for run in reversed(runs)]
    wanted = [f"schedule:{saved['id']}:{at}" for at in missed[len(missed) - made_up :]]
    assert keys[: len(wanted)] == wanted
    assert len(keys) <= len(wanted) + 1
    (moved,) = fresh.ok("list_schedules")["schedules"]
    assert moved["next_at"] > missed[-1]


def test_a_time_is_not_fired_twice_whatever_dies(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    saved = schedule(worker, workflow, EVERY_SECOND, catch_up="all")
    for _ in range(3):
        claimed = claim_one(worker, workflow)
        finish(worker, claimed)
        own.daemon.kill()
        own.daemon.start()
        worker = own.named(worker.bot)
    worker.ok("delete_schedule", id=saved["id"])
    runs = worker.ok("list_runs", workflow=workflow["id"], limit=1000)["runs"]
    times = sorted(run["key"].split(":", 2)[2] for run in runs)
    assert len(set(times)) == len(times)
    seconds = [timestamps.to_epoch(at) for at in times]
    assert seconds == [seconds[0] + n for n in range(len(seconds))]
