"""Steps and runs that wait for a time, also while no daemon runs."""

import re
import time

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begin,
    begun,
    claim,
    claim_one,
    ended,
    look,
    move,
    save,
    start,
    suspend,
    told,
    wait_for,
    waiting_run,
    why,
)


def test_a_message_that_does_not_come_fails_the_step(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    waiting_run(worker, workflow, seconds=0.3)
    claimed = claim_one(worker, workflow)
    failed = told(claimed, "m")
    assert (failed["status"], failed["final"]) == ("failed", True)
    # less what it took to write that it is waited for
    assert re.fullmatch(r"timeout: no message came within 0\.(3|2\d) s", failed["error"])


def test_a_sleep_ends_by_itself(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "nap", "sleep", seconds=0.4)
    began = time.monotonic()
    run = suspend(worker, claimed)
    assert "the end of the sleep 'nap'" in why(worker, run)
    again = claim_one(worker, workflow)
    assert 0.3 < time.monotonic() - began < 5.0
    assert told(again, "nap")["status"] == "completed"


def test_a_wait_is_begun_once(flow: tuple[Plain, Json]) -> None:
    """Whoever takes the run up again waits for the same moment."""
    worker, workflow = flow
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "nap", "sleep", seconds=300)
    (due,) = [w["due_at"] for w in look(worker, claimed)["waits"]]
    suspend(worker, claimed)
    move(worker, claimed["run"]["id"], "paused")
    move(worker, claimed["run"]["id"], "pending")
    again = claim_one(worker, workflow)
    assert "permitted" not in wait_for(worker, again, "nap", "sleep", seconds=300)
    assert [w["due_at"] for w in look(worker, again)["waits"]] == [due]


def test_a_run_may_be_made_for_later(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    began = time.monotonic()
    run = start(worker, workflow, delay=0.4)
    assert "It starts at" in why(worker, run)
    assert claim(worker, workflow, wait=0) == []
    assert claim_one(worker, workflow)["run"]["id"] == run["id"]
    assert time.monotonic() - began >= 0.35


def test_a_run_that_is_let_go_of_for_a_while_comes_back(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    worker.ok("fail_step", run=claimed["run"]["id"], step="a", lease=claimed["lease"], error="x")
    began = time.monotonic()
    assert suspend(worker, claimed, retry_in=0.4)["status"] == "paused"
    again = claim_one(worker, workflow)
    assert time.monotonic() - began >= 0.35
    assert begin(worker, again, "a")["step"]["attempt"] == 2


def test_a_workflow_has_a_time_to_be_done_in(bots: Bots) -> None:
    worker = bots("worker")
    workflow = save(worker, timeout_secs=0.5)
    claimed = begun(worker, workflow)
    (notice,) = worker.ok("claim_runs", workflows=[], max=0, wait=15.0)["notices"]
    assert notice["status"] == "failed"
    run = ended(worker, claimed["run"])
    assert (run["status"], run["error"]) == ("failed", "timed out after 0.5 s")
    waits = begun(worker, workflow)
    wait_for(worker, waits, "nap", "sleep", seconds=300)
    suspend(worker, waits)
    assert ended(worker, waits["run"])["error"] == "timed out after 0.5 s"


def test_timers_survive_the_death_of_the_daemon(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "nap", "sleep", seconds=1.5)
    suspend(worker, claimed)
    long = begun(worker, workflow)
    wait_for(worker, long, "nap", "sleep", seconds=300)
    suspend(worker, long)
    later = start(worker, workflow, delay=1.5)
    own.daemon.kill()
    own.daemon.start()
    fresh = own("worker")
    got = {claim_one(fresh, workflow)["run"]["id"] for _ in range(2)}
    assert got == {claimed["run"]["id"], later["id"]}
    assert look(fresh, long)["status"] == "paused"
