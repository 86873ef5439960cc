"""What the daemon does with runs when it starts: every one that was running has crashed."""

import sqlite3
import time
from contextlib import closing

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    complete,
    finish,
    of_step,
    save,
    start,
    steps,
    suspend,
    wait_for,
)


def restart(own: Bots, *, kill: bool) -> None:
    if kill:
        own.daemon.kill()
    else:
        own.daemon.stop()
    own.daemon.start()


@pytest.mark.parametrize("kill", [True, False])
def test_running_runs_have_crashed_and_are_offered(own: Bots, *, kill: bool) -> None:
    worker = own("worker")
    workflow = save(worker)
    held, waiting = begun(worker, workflow), begun(worker, workflow)
    complete(worker, held, "a", output=1)
    wait_for(worker, waiting, "ok", "approval")
    suspend(worker, waiting)
    queued = start(worker, workflow, priority=-1)
    restart(own, kill=kill)
    fresh = own("worker")
    crashed = fresh.ok("list_crashed_runs")["runs"]
    assert [run["id"] for run in crashed] == [held["run"]["id"]]
    again = claim_one(fresh, workflow)
    assert (again["run"]["id"], again["run"]["attempt"]) == (held["run"]["id"], 2)
    assert [s["output"] for s in again["steps"]] == [1]
    assert fresh.ok("list_crashed_runs")["runs"] == []
    assert claim_one(fresh, workflow)["run"]["id"] == queued["id"]
    assert fresh.ok("get_run", id=waiting["run"]["id"])["run"]["status"] == "paused"


def test_a_worker_from_before_can_write_nothing(own: Bots) -> None:
    """Its connection is new, its lease is old, and lease names are not given twice."""
    worker = own("worker")
    workflow = save(worker)
    held = begun(worker, workflow)
    restart(own, kill=True)
    fresh = own("worker")
    again = claim_one(fresh, workflow)
    assert again["lease"] != held["lease"]
    zombie = own.named(worker.bot)
    for op in ("complete_step", "begin_step"):
        assert zombie.error(op, **of_step(held, "a"))["code"] == "lease_lost"
    lost = zombie.ok("extend_runs", leases={held["run"]["id"]: held["lease"]}, seconds=10)
    assert lost["lost"] == [held["run"]["id"]]
    complete(fresh, again, "a", output="mine")
    finish(fresh, again)
    assert [s["output"] for s in steps(fresh, again["run"])] == ["mine"]


def test_ten_thousand_running_runs_are_ready_soon(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    make_running(worker, workflow, 10_000)
    own.daemon.kill()
    began = time.monotonic()
    own.daemon.start()
    took = time.monotonic() - began
    fresh = own("worker")
    assert fresh.ok("list_crashed_runs", limit=1000)["runs"]
    with closing(sqlite3.connect(own.daemon.database)) as database:
        row = database.execute(
            "SELECT count(*) FROM workflow_runs WHERE status = 'crashed' AND ready = 1"
        ).fetchone()
    assert row[0] == 10_000
    assert (
        len(
            fresh.ok("claim_runs", workflows=[{"id": workflow["id"], "version": "1.0.0"}], max=50)[
                "runs"
            ]
        )
        == 50
    )
    assert took < 6.0, "2 s on a machine that does nothing else"


def make_running(worker: Plain, workflow: Json, count: int) -> None:
    """So many runs in the hands of a worker."""
    made = 0
    while made < count:
        requests = (
            {"op": "create_run", "id": new_id(), "workflow": workflow["id"], "lease": 600.0}
            for _ in range(500)
        )
        replies = worker.ask(*requests)
        assert all("lease" in reply["ok"] for reply in replies)
        made += len(replies)
