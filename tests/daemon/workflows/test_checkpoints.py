"""Steps over the wire: begun once, finished once, and nothing is written without the lease."""

from typing import Any

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, new_id
from tests.daemon.workflows.worker import (
    begin,
    begun,
    claim_one,
    complete,
    finish,
    look,
    of_step,
    save,
    step,
    steps,
)


@pytest.fixture(scope="module")
def settings() -> str:
    return "[limits]\nstep_output_bytes = 20000\ncontext_bytes = 40000\n"


@pytest.fixture
def held(bots: Bots) -> tuple[Any, Json]:
    """A bot, and a new run that it holds."""
    bot = bots("worker")
    return bot, begun(bot, save(bot))


def test_a_completed_step_is_kept_with_its_output(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    output = {"deep": [1, 2.5, None, {"ü": True}]}
    assert complete(bot, claimed, "a", output=output, input=[1], elapsed=1.5, name="first") == {
        "kind": "checkpoint"
    }
    (kept,) = steps(bot, claimed["run"])
    run_id = claimed["run"]["id"]
    assert (kept["output"], kept["input"], kept["name"]) == (output, [1], "first")
    assert kept["idempotency_key"] == f"{run_id}/a"
    assert kept["started_at"] < kept["completed_at"]
    assert bot.ok("get_completed_step_ids", run=run_id)["step_ids"] == ["a"]


def test_a_repeat_changes_nothing_and_another_outcome_is_refused(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    complete(bot, claimed, "a", output=1)
    assert complete(bot, claimed, "a", output=1) == {"kind": "checkpoint", "changed": False}
    assert bot.error("complete_step", **of_step(claimed, "a", output=2))["code"] == "illegal_state"
    failed = bot.error("fail_step", **of_step(claimed, "a", error="late"))
    assert failed["code"] == "illegal_state"
    assert [one["output"] for one in steps(bot, claimed["run"])] == [1]


def test_a_finished_step_is_told_and_not_permitted(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    first = begin(bot, claimed, "a", input={"x": 1})
    assert (first["permitted"], first["step"]["status"]) == (True, "running")
    assert begin(bot, claimed, "a")["permitted"]  # a repeat
    complete(bot, claimed, "a", output="done")
    told = begin(bot, claimed, "a")
    assert "permitted" not in told
    assert told["step"]["output"] == "done"


def test_attempts_are_rows_until_one_counts(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    bot.ok("fail_step", **of_step(claimed, "a", error="once", attempt=1))
    bot.ok("fail_step", **of_step(claimed, "a", error="twice", attempt=2))
    complete(bot, claimed, "a", output=3, attempt=3)
    rows = steps(bot, claimed["run"])
    assert [(r.get("attempt", 1), r["status"], r.get("error")) for r in rows] == [
        (1, "failed", "once"),
        (2, "failed", "twice"),
        (3, "completed", None),
    ]
    assert len({row["idempotency_key"] for row in rows}) == 1


def test_a_step_that_failed_for_good_is_not_begun_again(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    bot.ok("fail_step", **of_step(claimed, "a", error="broken", final=True))
    told = begin(bot, claimed, "a")
    assert "permitted" not in told
    assert (told["step"]["error"], told["step"]["final"]) == ("broken", True)


def test_the_context_changes_key_by_key_with_the_step(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    complete(bot, claimed, "a", context={"x": 1, "y": {"z": 2}})
    complete(bot, claimed, "b", context={"x": [3], "y": None})
    assert look(bot, claimed)["context"] == {"x": [3]}


def test_what_is_too_large_is_refused_and_writes_nothing(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    error = bot.error("complete_step", **of_step(claimed, "a", output="x" * 20_000))
    assert (error["code"], error["details"]["figure"]) == ("too_large", 20_000)
    parts = {f"k{i}": "x" * 9_000 for i in range(5)}
    error = bot.error("complete_step", **of_step(claimed, "a", output=1, context=parts))
    assert error["code"] == "too_large"
    assert steps(bot, claimed["run"]) == []
    assert look(bot, claimed)["context"] == {}
    error = bot.error(
        "create_run", id=new_id(), workflow=claimed["run"]["workflow_id"], input="x" * 30_000
    )
    assert error["code"] == "too_large"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"output": b"raw"}, "step_output is bytes"),
        ({"output": {"a": float("nan")}}, "step_output.a is nan"),
        ({"context": {"k": {1: 2}}}, "context has the key 1"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_place(
    held: tuple[Any, Json], fields: Json, place: str
) -> None:
    bot, claimed = held
    error = bot.error("complete_step", **of_step(claimed, "a", **fields))
    assert error["code"] == "invalid"
    assert place in error["message"]


def test_without_the_lease_nothing_is_written(bots: Bots, held: tuple[Any, Json]) -> None:
    bot, claimed = held
    run = claimed["run"]["id"]
    wrong = {"run": run, "step": "a", "lease": "1.999999"}
    for bad in (
        {"op": "complete_step", **wrong},
        {"op": "fail_step", **wrong, "error": "x"},
        {"op": "begin_step", **wrong},
        {"op": "suspend_run", "id": run, "lease": "1.999999"},
        {"op": "update_run_status", "id": run, "status": "completed", "lease": "1.999999"},
    ):
        (reply,) = bots("stranger").ask(bad)
        assert reply["error"]["code"] == "lease_lost", bad["op"]
    assert steps(bot, claimed["run"]) == []
    assert look(bot, claimed)["status"] == "running"


def test_unknown_things_are_not_found(bots: Bots) -> None:
    bot, nobody = bots(), new_id()
    for bad in (
        {"op": "complete_step", "run": nobody, "step": "a", "lease": "1.1"},
        {"op": "begin_step", "run": nobody, "step": "a", "lease": "1.1"},
        {"op": "fail_step", "run": nobody, "step": "a", "lease": "1.1", "error": "x"},
        {"op": "suspend_run", "id": nobody, "lease": "1.1"},
        {"op": "update_run_status", "id": nobody, "status": "cancelled"},
        {"op": "retry_run", "id": nobody},
        {"op": "get_run", "id": nobody},
        {"op": "wait_run", "id": nobody},
        {"op": "explain_run", "id": nobody},
        {"op": "get_definition", "id": nobody},
        {"op": "get_definition", "run": nobody},
        {"op": "create_run", "id": nobody, "workflow": "no-such"},
        {"op": "create_run", "id": new_id(), "workflow": nobody},
        {"op": "save_schedule", "id": new_id(), "workflow": "no-such", "cron": "* * * * *"},
        {"op": "list_step_logs", "run": nobody},
        {"op": "get_completed_step_ids", "run": nobody},
        {"op": "update_step_status", "id": nobody, "status": "running"},
        {"op": "create_step_log", "id": new_id(), "run": nobody, "step": "a"},
        {"op": "decide_step", "run": nobody, "step": "a", "approved": True, "input_hash": "x"},
    ):
        (reply,) = bot.ask(bad)
        assert reply["error"]["code"] == "not_found", bad["op"]


def test_books_of_ones_own_are_kept_by_who_holds_the_run(bots: Bots) -> None:
    bot, stranger = bots(), bots("stranger")
    claimed = begun(bot, save(bot))
    run, id_ = claimed["run"]["id"], new_id()
    log = {"op": "create_step_log", "id": id_, "run": run, "step": "a", "status": "running"}
    (refused,) = stranger.ask(log)
    assert refused["error"]["code"] == "lease_lost"
    (reply,) = bot.ask(log)  # the lease is that of the connection
    assert reply["ok"]["step"]["status"] == "running"
    assert stranger.error("update_step_status", id=id_, status="completed")["code"] == "lease_lost"
    done = bot.ok("update_step_status", id=id_, status="completed", output={"n": 1})["step"]
    assert (done["status"], done["output"]) == ("completed", {"n": 1})
    error = bot.error("update_step_status", id=id_, status="running")
    assert (error["code"], error["details"]) == (
        "illegal_state",
        {"from": "completed", "to": "running"},
    )
    assert bot.ok("update_step_status", id=id_, status="completed", output={"n": 1})


def test_many_steps_come_in_pages(held: tuple[Any, Json]) -> None:
    bot, claimed = held
    for replies in (
        bot.ask(*({"op": "complete_step", **of_step(claimed, f"s{i}")} for i in range(50))),
    ):
        assert all(reply["ok"] == {"kind": "checkpoint"} for reply in replies)
    first = bot.ok("list_step_logs", run=claimed["run"]["id"], limit=30)
    assert (len(first["steps"]), first["more"]) == (30, True)
    rest = bot.ok("list_step_logs", run=claimed["run"]["id"], after=first["steps"][-1]["seq"])
    assert (len(rest["steps"]), "more" in rest) == (20, False)


def test_who_takes_a_run_up_is_told_what_was_done(bots: Bots) -> None:
    bot, other = bots("worker"), bots("worker")
    workflow = save(bot)
    claimed = begun(bot, workflow, context={"first": 1})
    complete(bot, claimed, "a", output=1, context={"second": 2})
    bot.ok("fail_step", **of_step(claimed, "b", error="x"))
    begin(bot, claimed, "c")
    bot.close()
    again = claim_one(other, workflow)
    assert again["run"]["context"] == {"first": 1, "second": 2}
    assert again["base"] == {"first": 1}
    assert [(s["step_id"], s["status"]) for s in again["steps"]] == [
        ("a", "completed"),
        ("b", "failed"),
        ("c", "running"),
    ]
    assert step(other, again["run"], "c").get("attempt", 1) == 1
    taken_up = begin(other, again, "c")
    assert (taken_up["permitted"], taken_up["step"]["attempt"]) == (True, 2)
    finish(other, again)


def test_an_atomic_frame_is_all_or_nothing(bots: Bots) -> None:
    """Acknowledging what asked for the work, completing the step and telling of it: one commit."""
    bot, asker = bots("worker"), bots("asker")
    claimed = begun(bot, save(bot))
    bot.ok("create_channel", name=f"news-{bot.bot}")
    bot.ok("subscribe", channel=f"news-{bot.bot}")
    asker.send(str(bot.bot), "work")
    (delivery,) = bot.fetch()
    frame: list[Json] = [
        bot.verdict("ack", delivery),
        {"op": "complete_step", **of_step(claimed, "a", output=1)},
        {"op": "publish", "id": new_id(), "channel": "no-such-channel", "body": 1},
    ]
    replies = bot.ask(*frame, atomic=True)
    assert {reply["error"]["details"]["failed_request"] for reply in replies} == {2}
    assert steps(bot, claimed["run"]) == []
    frame[2] = {**frame[2], "channel": f"news-{bot.bot}"}
    replies = bot.ask(*frame, atomic=True)
    assert [reply["ok"]["kind"] for reply in replies] == ["done", "checkpoint", "receipt"]
    assert [d["message"]["body"] for d in bot.fetch()] == [1]
    frame[1] = {"op": "complete_step", **of_step({**claimed, "lease": "1.999999"}, "b")}
    asker.send(str(bot.bot), "more work")
    (more,) = bot.fetch()
    frame[0] = bot.verdict("ack", more)
    replies = bot.ask(*frame, atomic=True)
    assert {reply["error"]["code"] for reply in replies} == {"lease_lost"}
    assert bot.settle("nak", more) == {"kind": "done"}  # it is still this bot's
