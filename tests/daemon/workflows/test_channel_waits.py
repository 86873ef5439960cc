"""Steps that wait for a message in a channel, which is for everybody, in its order."""

from typing import Any

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    finish,
    look,
    start,
    took,
    wait_for,
    waiting_run,
)


def test_in_a_channel_every_run_gets_the_message(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    channel = unique("news")
    worker.ok("create_channel", name=channel)
    worker.ok("subscribe", channel=channel)
    for _ in range(2):
        waiting_run(worker, workflow, channel=channel)
    bots("sender").publish(channel, "all")
    assert [took(worker, workflow) for _ in range(2)] == ["all", "all"]
    assert [d["message"]["body"] for d in worker.fetch()] == ["all"]


def test_in_a_channel_a_run_goes_on_after_what_it_took(
    bots: Bots, flow: tuple[Plain, Json]
) -> None:
    worker, workflow = flow
    channel, sender = unique("news"), bots("sender")
    worker.ok("create_channel", name=channel)
    sender.publish(channel, "too early")
    run = start(worker, workflow)
    for n in range(3):
        sender.publish(channel, n)
    claimed = claim_one(worker, workflow)
    for n in range(3):
        wait_for(worker, claimed, f"m{n}", "message", channel=channel)
        (notice,) = worker.ok("claim_runs", workflows=[], max=0, wait=15.0)["notices"]
        assert notice["step"]["output"]["body"] == n
    finish(worker, claimed)
    assert look(worker, run)["status"] == "completed"


def test_two_waits_of_a_run_take_two_messages(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    channel = unique("news")
    worker.ok("create_channel", name=channel)
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "one", "message", channel=channel)
    wait_for(worker, claimed, "two", "message", channel=channel)
    for n in range(2):
        bots("sender").publish(channel, n)
    bodies: dict[str, Any] = {}
    while len(bodies) < 2:
        reply = worker.ok("claim_runs", workflows=[], max=0, wait=15.0)
        for notice in reply["notices"]:
            bodies[notice["step"]["step_id"]] = notice["step"]["output"]["body"]
    assert bodies == {"one": 0, "two": 1}


def test_a_channel_that_is_not_there_is_refused(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    error = worker.error(
        "begin_step",
        run=claimed["run"]["id"],
        step="m",
        lease=claimed["lease"],
        wait={"kind": "message", "channel": "no-such-channel"},
    )
    assert error["code"] == "not_found"
    assert "waits" not in look(worker, claimed)
