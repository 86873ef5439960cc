"""Who gets which run, and what becomes of it when its worker is gone."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import (
    begun,
    claim,
    claim_one,
    complete,
    event,
    finish,
    look,
    move,
    of_step,
    offer,
    save,
    start,
    steps,
)


def parked_claim(workflow: Json, **fields: object) -> Json:
    """A claim as a request that waits for long."""
    return {"op": "claim_runs", "workflows": [offer(workflow)], "wait": 20.0, **fields}


def test_the_same_id_and_the_same_key_are_the_same_run(bots: Bots) -> None:
    bot = bots()
    workflow, id_ = save(bot), new_id()
    request = {"id": id_, "workflow": workflow["id"], "input": {"n": 1}, "key": "k"}
    first = bot.ok("create_run", **request)
    assert first["created"]
    assert "created" not in bot.ok("create_run", **request)
    by_key = bot.ok("create_run", **{**request, "id": new_id(), "input": 2})
    assert (by_key["run"]["id"], "created" in by_key) == (id_, False)
    assert bot.error("create_run", **{**request, "input": {"n": 2}})["code"] == "conflict"
    other = save(bot)
    assert bot.error("create_run", **{**request, "workflow": other["id"]})["code"] == "conflict"


def test_higher_priority_first_then_oldest(bots: Bots) -> None:
    bot = bots()
    workflow = save(bot)
    ids = [start(bot, workflow, priority=p)["id"] for p in (0, 5, 0, 5, -1)]
    order = [claim_one(bot, workflow)["run"]["id"] for _ in ids]
    assert order == [ids[1], ids[3], ids[0], ids[2], ids[4]]
    assert claim(bot, workflow, wait=0) == []


def test_a_parked_claim_gets_the_next_run(bots: Bots) -> None:
    bot, worker = bots(), bots("worker")
    workflow = save(bot)
    first, second = worker.parked(parked_claim(workflow)), bots("worker")
    begun_second = second.parked(parked_claim(workflow))
    ids = [start(bot, workflow)["id"] for _ in range(2)]
    got = [p.reply()["ok"]["runs"][0]["run"]["id"] for p in (first, begun_second)]
    assert sorted(got) == sorted(ids)


def test_a_claim_takes_many_at_once(bots: Bots) -> None:
    bot = bots()
    workflow = save(bot)
    ids = [start(bot, workflow)["id"] for _ in range(5)]
    claimed = claim(bot, workflow, max=3)
    assert [one["run"]["id"] for one in claimed] == ids[:3]
    assert len({one["lease"] for one in claimed}) == 3


def test_a_run_may_be_claimed_as_it_is_made(bots: Bots) -> None:
    bot = bots()
    workflow = save(bot)
    claimed = begun(bot, workflow)
    assert (claimed["run"]["status"], claimed["run"]["holder"]) == ("running", bot.bot)
    assert claim(bot, workflow, wait=0) == []


def test_two_workers_share_a_hundred_runs(bots: Bots) -> None:
    bot, one, other = bots(), bots("worker"), bots("worker")
    workflow = save(bot)
    requests = (
        {"op": "create_run", "id": new_id(), "workflow": workflow["id"]} for _ in range(100)
    )
    assert len(bot.ask(*requests)) == 100

    def work(worker: Plain) -> list[str]:
        done: list[str] = []
        while claimed := claim(worker, workflow, max=7, wait=0.2):
            for run in claimed:
                complete(worker, run, "a", output=worker.bot)
                finish(worker, run)
                done.append(run["run"]["id"])
        return done

    with ThreadPoolExecutor(2) as pool:
        shares = list(pool.map(work, (one, other)))
    assert len(shares[0] + shares[1]) == 100
    assert len(set(shares[0] + shares[1])) == 100
    counts = bot.ok("list_runs", workflow=workflow["id"], status="completed", limit=200)["runs"]
    assert len(counts) == 100
    assert all(len(steps(bot, run)) == 1 for run in counts)


# Losing a run


def test_a_connection_that_dies_gives_its_runs_up_at_once(bots: Bots) -> None:
    bot, dying, other = bots(), bots("dying"), bots("worker")
    workflow = save(bot)
    claimed = begun(dying, workflow)
    waiting = other.parked(parked_claim(workflow))
    began = time.monotonic()
    dying.close()
    (taken,) = waiting.reply()["ok"]["runs"]
    assert time.monotonic() - began < 2.0
    assert taken["run"]["id"] == claimed["run"]["id"]
    assert (taken["run"]["attempt"], taken["run"]["crashes"]) == (2, 1)
    stranger = bots("zombie")
    error = stranger.error("complete_step", **of_step(claimed, "a"))
    assert error["code"] == "lease_lost"
    assert "running elsewhere" in error["message"] or "running" in error["message"]


def test_what_crashed_is_listed_until_somebody_has_it(bots: Bots) -> None:
    bot, dying = bots(), bots("dying")
    workflow = save(bot)
    claimed = begun(dying, workflow)
    dying.close()
    event(bot, claimed["run"], "run.crashed")
    listed = bot.ok("list_crashed_runs", limit=1000)["runs"]
    assert claimed["run"]["id"] in [run["id"] for run in listed]
    claim_one(bot, workflow)
    listed = bot.ok("list_crashed_runs", limit=1000)["runs"]
    assert claimed["run"]["id"] not in [run["id"] for run in listed]


def test_a_worker_that_says_nothing_loses_its_lease_and_is_told(bots: Bots) -> None:
    bot, silent = bots(), bots("silent")
    workflow = save(bot)
    claimed = begun(silent, workflow, lease=0.3)
    (notice,) = silent.ok("claim_runs", workflows=[], max=0, wait=15.0)["notices"]
    assert (notice["run_id"], notice["kind"], notice["status"]) == (
        claimed["run"]["id"],
        "ended",
        "crashed",
    )
    again = claim_one(bot, workflow)
    assert again["run"]["id"] == claimed["run"]["id"]
    assert silent.error("complete_step", **of_step(claimed, "a"))["code"] == "lease_lost"


def test_checkpoints_and_extensions_keep_a_lease(bots: Bots) -> None:
    bot, other = bots("worker"), bots("other")
    workflow = save(bot)
    claimed = begun(bot, workflow, lease=0.6)
    lease = {claimed["run"]["id"]: claimed["lease"]}
    waiting = other.parked(parked_claim(workflow, wait=2.4))
    for number in range(4):
        time.sleep(0.3)  # less than the lease each time, more in sum
        complete(bot, claimed, f"s{number}")
    for _ in range(3):
        time.sleep(0.3)
        assert "lost" not in bot.ok("extend_runs", leases=lease, seconds=0.6)
    assert waiting.reply()["ok"] == {"kind": "claimed"}
    assert bot.ok("extend_runs", leases={new_id(): "1.1"}, seconds=5)["lost"]
    finish(bot, claimed)


def test_a_cancelled_claim_gives_back_what_nobody_saw(bots: Bots) -> None:
    bot, worker = bots(), bots("worker")
    workflow = save(bot)
    parked = worker.parked(parked_claim(workflow, ticket="t1"))
    worker.ok("cancel_claim", ticket="t1")  # which may overtake the claim
    assert parked.reply()["ok"] == {"kind": "claimed"}
    run = start(bot, workflow)
    assert claim_one(worker, workflow, ticket="t2")["run"]["attempt"] == 1
    assert worker.ok("cancel_claim", ticket="t2") == {"kind": "done", "count": 1}
    again = claim_one(bot, workflow)
    assert (again["run"]["id"], again["run"]["attempt"]) == (run["id"], 1)
    assert worker.ok("cancel_claim", ticket="t2")["changed"] is False
    assert worker.ok("claim_runs", workflows=[offer(workflow)], ticket="t1", wait=5.0) == {
        "kind": "claimed"
    }


def test_a_holder_is_told_that_its_run_was_cancelled(bots: Bots) -> None:
    bot, worker = bots(), bots("worker")
    workflow = save(bot)
    claimed = begun(worker, workflow)
    parked = worker.parked(parked_claim(workflow, max=0))
    move(bot, claimed["run"]["id"], "cancelled")
    (notice,) = parked.reply()["ok"]["notices"]
    assert (notice["lease"], notice["status"]) == (claimed["lease"], "cancelled")
    error = worker.error("complete_step", **of_step(claimed, "a"))
    assert error["code"] == "lease_lost"
    assert "cancelled" in error["message"]


def test_notices_that_nobody_saw_are_told_again(bots: Bots) -> None:
    bot, worker = bots(), bots("worker")
    workflow = save(bot)
    claimed = begun(worker, workflow)
    move(bot, claimed["run"]["id"], "cancelled")
    request = {"workflows": [], "max": 0, "wait": 10.0}
    (first,) = worker.ok("claim_runs", **request, ticket="lost")["notices"]
    worker.ok("cancel_claim", ticket="lost")
    (again,) = worker.ok("claim_runs", **request, ticket="next")["notices"]
    assert first == again


def test_runs_that_crash_at_once_wait_longer_and_fail_in_the_end(bots: Bots) -> None:
    """Three crashes in a row are forgiven, the fourth costs a second, and a step forgives all."""
    bot = bots()
    workflow = save(bot)
    run = start(bot, workflow)
    for _ in range(3):
        dying = bots("dying")
        claim_one(dying, workflow)
        dying.close()
    fourth = bots("dying")
    claimed = claim_one(fourth, workflow)
    assert claimed["run"]["crashes"] == 3
    began = time.monotonic()
    fourth.close()
    survivor = claim_one(bot, workflow)
    assert time.monotonic() - began >= 0.9
    assert survivor["run"]["crashes"] == 4
    complete(bot, survivor, "a")
    assert "crashes" not in look(bot, run)


def test_most_crashes_is_a_setting(own: Bots) -> None:
    own.daemon.restart("[workflows]\nmost_crashes = 2\n")
    bot = own()
    workflow = save(bot)
    run = start(bot, workflow)
    for _ in range(2):
        dying = own("dying")
        claim_one(dying, workflow)
        dying.close()
    ended = bot.ok("wait_run", id=run["id"], wait=10.0)["run"]
    assert ended["status"] == "failed"
    assert "died 2 times in a row" in ended["error"]


def test_a_claim_of_nothing_is_answered_at_once(bots: Bots) -> None:
    assert bots().ok("claim_runs", workflows=[]) == {"kind": "claimed"}


def test_parked_claims_and_waits_are_told_that_the_daemon_stops(own: Bots) -> None:
    bot = own()
    workflow = save(bot)
    run = begun(bot, workflow)
    claims = own("worker").parked(parked_claim(workflow))
    waits = own("waiter").parked({"op": "wait_run", "id": run["run"]["id"], "wait": 30.0})
    bot.ok("hello")
    own.daemon.signal(15)  # type: ignore[arg-type]
    assert claims.answer()["replies"][0]["error"]["code"] == "shutting_down"
    assert waits.answer()["replies"][0]["error"]["code"] == "shutting_down"
    assert own.daemon.wait() == 0
