"""What the daemon tells of runs on its channel, and that nobody else speaks there."""

from pathlib import Path

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    complete,
    event,
    finish,
    move,
    save,
    start,
    suspend,
    wait_for,
)

Flow = tuple[Plain, Json]

PAGE = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text()
DOCUMENTED = PAGE.partition("## Events")[2].partition("\n## ")[0]
"""What the page says about events."""


def undocumented(told: list[Json]) -> list[str]:
    return [name for body in told for name in body if f"`{name}`" not in DOCUMENTED]


def test_the_life_of_a_run_is_told_in_order(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    listener = bots("listener")
    listener.ok("subscribe", channel="botbus.runs")
    run = start(worker, workflow, key="k")
    claimed = claim_one(worker, workflow)
    wait_for(worker, claimed, "m", "message", type="go")
    suspend(worker, claimed)
    bots("sender").send(str(worker.bot), 1, type="go")
    again = claim_one(worker, workflow)
    finish(worker, again)
    told: list[Json] = []
    while not told or told[-1]["type"] != "run.completed":
        deliveries = listener.fetch()
        told += [d["message"] for d in deliveries if d["message"]["body"]["run"] == run["id"]]
        for delivery in deliveries:
            listener.settle("ack", delivery)
    assert [m["type"] for m in told] == [
        "run.started",
        "run.waiting",
        "run.resumed",
        "run.completed",
    ]
    assert {m["sender"] for m in told} == {"botbus"}
    body = told[0]["body"]
    assert (body["workflow"], body["version"], body["status"]) == (
        workflow["name"],
        "1.0.0",
        "running",
    )
    assert (body["key"], body["attempt"]) == ("k", 1)
    assert told[1]["body"]["waits"][0]["step_id"] == "m"
    assert undocumented([message["body"] for message in told]) == []


def test_bad_ends_are_told_with_their_error(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    failed, cancelled = begun(worker, workflow), begun(worker, workflow)
    move(worker, failed["run"]["id"], "failed", error="broken")
    move(worker, cancelled["run"]["id"], "cancelled")
    dying = bots("dying")
    crashed = begun(dying, workflow)
    dying.close()
    failure = event(worker, failed["run"], "run.failed")["body"]
    assert (failure["error"], undocumented([failure])) == ("broken", [])
    event(worker, cancelled["run"], "run.cancelled")
    assert "connection" in event(worker, crashed["run"], "run.crashed")["body"]["error"]


def test_events_are_durable_messages(own: Bots) -> None:
    worker, listener = own("worker"), own("listener")
    listener.ok("subscribe", channel="botbus.runs")
    workflow = save(worker)
    claimed = begun(worker, workflow)
    own.daemon.kill()
    own.daemon.start()
    fresh = own.named(listener.bot)
    types: list[str] = []
    while len(types) < 2:
        types += [d["message"]["type"] for d in fresh.fetch()]
    assert types == ["run.started", "run.crashed"]
    listed = fresh.ok("list_crashed_runs")["runs"]
    assert [run["id"] for run in listed] == [claimed["run"]["id"]]


def test_what_is_large_is_told_before_it_is_too_large(own: Bots) -> None:
    own.daemon.restart("[limits]\nstep_output_bytes = 2000\ncontext_bytes = 4000\n")
    worker = own("worker")
    claimed = begun(worker, save(worker))
    complete(worker, claimed, "a", output="x" * 900)
    complete(worker, claimed, "b", output="x" * 1_500)
    large = event(worker, claimed["run"], "run.large")["body"]
    assert (large["step"], large["output_bytes"]) == ("b", 1_502)
    complete(worker, claimed, "c", context={"k": "x" * 1_900})
    complete(worker, claimed, "d", context={"l": "x" * 900})
    larger = event(worker, claimed["run"], "run.large", 2)["body"]
    assert larger["context_bytes"] > 2_000
    assert undocumented([large, larger]) == []
    assert "the context of run" in own.daemon.log()


def test_nobody_else_uses_names_of_the_daemon(bots: Bots) -> None:
    bot = bots()
    for request in (
        {"op": "publish", "id": new_id(), "channel": "botbus.runs", "body": 1},
        {"op": "create_channel", "name": "botbus.mine"},
        {"op": "send", "id": new_id(), "to": "botbus", "body": 1},
        {"op": "send", "id": new_id(), "to": "botbus.other", "body": 1},
    ):
        (reply,) = bot.ask(request)
        assert reply["error"]["code"] == "denied", request
    for name in ("botbus", "botbus.other"):
        (reply,) = bots.named(name).ask({"op": "hello"})
        assert reply["error"]["code"] == "denied"
    bot.ok("create_channel", name="botbus-fans")
    bot.publish("botbus-fans", 1)
