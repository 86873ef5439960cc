"""Definitions over the wire: saved whole, found by what they are called, refused with a reason."""

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, new_id
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    create,
    finish,
    save,
    start,
    workflow_name,
)

LIVELY = {
    "version": "2.1",
    "description": "out into the world",
    "steps": [
        {"id": "tag", "retry": {"max_attempts": 3}, "timeout_secs": 60},
        {"id": "publish", "depends_on": ["tag"], "config": {"to": "builds"}, "colour": "red"},
    ],
    "triggers": [{"on": "push"}],
    "metadata": {"team": "bots"},
    "unheard_of": {"kept": [1, None, True]},
}


def test_a_definition_comes_back_whole(bots: Bots) -> None:
    bot = bots()
    saved = save(bot, **LIVELY)
    found = bot.ok("get_definition", id=saved["id"])["definition"]
    assert found == saved
    assert found["definition"] == {"name": saved["name"], **LIVELY}
    assert (found["version"], found["status"], found["owner"]) == ("2.1", "active", bot.bot)


def test_saving_it_again_is_no_second_one(bots: Bots) -> None:
    bot, name = bots(), workflow_name()
    first = bot.ok("save_definition", definition={"name": name})
    again = bot.ok("save_definition", definition={"name": name})
    changed = bot.ok("save_definition", definition={"name": name, "version": "2"})
    assert (first["created"], "created" in again, "created" in changed) == (True, False, False)
    assert again["definition"] == first["definition"]
    assert changed["definition"]["id"] == first["definition"]["id"]
    assert changed["definition"]["version"] == "2"


def test_an_id_is_for_one_name_of_one_owner(bots: Bots) -> None:
    bot, name = bots(), workflow_name()
    saved, chosen = save(bot, name=name), new_id()
    error = bot.error("save_definition", definition={"name": name, "id": chosen})
    assert error["code"] == "conflict"
    assert error["details"] == {"id": saved["id"]}
    other = save(bot, id=chosen)
    assert other["id"] == chosen
    renamed = save(bot, id=chosen, version="3")
    assert (renamed["id"], renamed["name"] != other["name"]) == (chosen, True)
    assert bots().error("save_definition", definition={"name": name, "id": chosen})["code"] == (
        "conflict"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": None}, "needs a name"),
        ({"name": "two words"}, "is not a name"),
        ({"steps": [{"id": "a"}, {"id": "a"}]}, "two steps have the id 'a'"),
        ({"steps": [{"id": "a", "depends_on": ["b"]}]}, "depends on 'b', which is no step"),
        (
            {"steps": [{"id": "a", "depends_on": ["b"]}, {"id": "b", "depends_on": ["a"]}]},
            " -> ",
        ),
        ({"steps": [{}]}, "steps[0] has no id"),
        ({"timeout_secs": 0}, "timeout_secs must be more than 0"),
        ({"timeout_secs": 1e12}, "a year"),
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"status": "asleep"}, "is none of draft"),
        ({"steps": [{"id": "a", "retry": {"max_attempts": 0}}]}, "retry.max_attempts"),
        ({"id": "42"}, "is not an id"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(
    bots: Bots, fields: Json, sentence: str
) -> None:
    bot, name = bots(), workflow_name()
    error = bot.error("save_definition", definition={"name": name, **fields})
    assert error["code"] == "invalid"
    assert sentence in error["message"]
    assert bot.error("get_definition_by_name", name=name)["code"] == "not_found"


def test_a_circle_is_shown(bots: Bots) -> None:
    steps = [
        {"id": "a", "depends_on": ["c"]},
        {"id": "b", "depends_on": ["a"]},
        {"id": "c", "depends_on": ["b"]},
    ]
    error = bots().error("save_definition", definition={"name": "x", "steps": steps})
    assert any(circle in error["message"] for circle in ("a -> c -> b -> a", "b -> a -> c -> b"))


@pytest.mark.parametrize("definition", [None, [], "text", 3])
def test_a_definition_is_a_map(bots: Bots, definition: object) -> None:
    assert bots().error("save_definition", definition=definition)["code"] == "invalid"


def test_a_name_means_ones_own_then_the_global_then_the_only_one(bots: Bots) -> None:
    one, other, third, name = bots(), bots(), bots(), workflow_name()
    mine = save(one, name=name)
    assert third.ok("get_definition_by_name", name=name)["definition"] == mine
    theirs = save(other, name=name)
    error = third.error("get_definition_by_name", name=name)
    assert (error["code"], sorted(error["details"]["owners"])) == (
        "conflict",
        sorted([str(one.bot), str(other.bot)]),
    )
    common = save(one, name=name, owner_type="global")
    for bot, meant in ((one, mine), (other, theirs), (third, common)):
        assert bot.ok("get_definition_by_name", name=name)["definition"] == meant
        run = bot.ok("create_run", id=new_id(), workflow=name)["run"]
        assert run["workflow_id"] == meant["id"]
    by_owner = third.ok("get_definition_by_name", name=name, owner=other.bot)["definition"]
    assert by_owner == theirs
    shared = one.ok("get_definition_by_name", name=name, owner_type="global")["definition"]
    assert shared == common
    own = one.ok("get_definition_by_name", name=name, owner_type="bot")["definition"]
    assert own == mine
    assert third.error("get_definition_by_name", name=name, owner="nobody-at-all")["code"] == (
        "not_found"
    )


def test_they_are_listed_by_name_page_by_page(bots: Bots) -> None:
    bot, prefix = bots(), unique("list")
    names = [f"{prefix}-{letter}" for letter in "abc"]
    for name in reversed(names):
        save(bot, name=name)
    seen: list[str] = []
    after = {"after": "", "after_id": ""}
    while page := bot.ok("list_definitions", owner=bot.bot, limit=2, **after)["definitions"]:
        seen += [one["name"] for one in page]
        after = {"after": page[-1]["name"], "after_id": page[-1]["id"]}
    assert seen == names


def test_a_run_keeps_the_definition_it_began_with(bots: Bots) -> None:
    bot = bots()
    old = save(bot, version="1", steps=[{"id": "old"}])
    run = start(bot, old)
    save(bot, name=old["name"], version="2", steps=[{"id": "new"}])
    kept = bot.ok("get_definition", run=run["id"])["definition"]
    assert (kept["version"], kept["definition"]["steps"]) == ("1", [{"id": "old"}])
    assert start(bot, old)["version"] == "2"
    assert start(bot, old, version="1")["version"] == "1"
    error = bot.error("create_run", id=new_id(), workflow=old["id"], version="9")
    assert error["code"] == "not_found"


def test_only_active_and_paused_workflows_take_runs(bots: Bots) -> None:
    bot = bots()
    for status, taken in (("draft", False), ("archived", False), ("active", True)):
        workflow = save(bot, status=status)
        (reply,) = bot.ask({"op": "create_run", "id": new_id(), "workflow": workflow["id"]})
        assert ("ok" in reply) is taken
        if not taken:
            assert reply["error"]["code"] == "illegal_state"


def test_runs_of_a_paused_workflow_queue_until_it_is_active(bots: Bots) -> None:
    bot, worker = bots(), bots("worker")
    workflow = save(bot, status="paused")
    run = start(bot, workflow)
    parked = worker.parked(
        {
            "op": "claim_runs",
            "workflows": [{"id": workflow["id"], "version": "1.0.0"}],
            "wait": 20.0,
        }
    )
    assert "is paused" in bot.ok("explain_run", id=run["id"])["sentence"]
    save(bot, name=workflow["name"], status="active")
    (claimed,) = parked.reply()["ok"]["runs"]
    assert claimed["run"]["id"] == run["id"]


def test_one_with_runs_is_not_deleted_and_one_with_unfinished_ones_never(bots: Bots) -> None:
    bot = bots()
    workflow = save(bot)
    claimed = begun(bot, workflow)
    error = bot.error("delete_definition", id=workflow["id"], force=True)
    assert (error["code"], error["details"]["unfinished"]) == ("conflict", 1)
    finish(bot, claimed)
    error = bot.error("delete_definition", id=workflow["id"])
    assert (error["code"], error["details"]["runs"]) == ("conflict", 1)
    assert bot.ok("delete_definition", id=workflow["id"], force=True)["count"] == 1
    assert bot.ok("delete_definition", id=workflow["id"]) == {"kind": "done", "changed": False}
    assert bot.error("get_definition", id=workflow["id"])["code"] == "not_found"
    assert bot.error("get_run", id=claimed["run"]["id"])["code"] == "not_found"


def test_two_versions_are_claimed_by_those_who_have_them(bots: Bots) -> None:
    bot, old_worker, new_worker = bots(), bots("worker"), bots("worker")
    workflow = save(bot, version="1")
    old = start(bot, workflow)
    changed = save(bot, name=workflow["name"], version="2")
    new = create(bot, workflow)["run"]
    assert claim_one(new_worker, changed)["run"]["id"] == new["id"]
    assert new_worker.ok("claim_runs", workflows=[{"id": workflow["id"], "version": "2"}]) == {
        "kind": "claimed"
    }
    sentence = bot.ok("explain_run", id=old["id"])["sentence"]
    assert "began with version 1" in sentence
    assert "have only 2" in sentence
    assert claim_one(old_worker, workflow)["run"]["id"] == old["id"]
