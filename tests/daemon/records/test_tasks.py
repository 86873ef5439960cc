"""Tasks and their places in workflows, as a client in another language sees them."""

from typing import Any

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.records.making import made


def workflow(bot: Plain, **fields: Any) -> Json:
    definition = {"name": unique("release"), "version": "1", "steps": [], **fields}
    saved: Json = bot.ok("save_definition", definition=definition)["definition"]
    return saved


def test_a_task_from_creation_to_deletion(bots: Bots) -> None:
    bot = bots()
    task = made(bot, "Fix #12", config={"a": [1]}, metadata="m", workspace_path="/srv")
    assert (task["status"], task["config"], task["metadata"]) == ("pending", {"a": [1]}, "m")
    assert bot.ok("get_task", id=task["id"])["task"] == task
    running = bot.ok("update_task_status", id=task["id"], status="running")["task"]
    assert running["started_at"]
    failed = bot.ok("update_task_status", id=task["id"], status="failed", error="no disk")["task"]
    assert (failed["error"], bool(failed["completed_at"])) == ("no disk", True)
    again = bot.ok("update_task_status", id=task["id"], status="failed", error="no disk")
    assert again == {"kind": "task", "task": failed}
    other = bot.error("update_task_status", id=task["id"], status="failed", error="no luck")
    assert other["code"] == "illegal_state"
    assert bot.ok("get_task", id=task["id"])["task"] == failed
    updated = bot.ok("update_task", id=task["id"], title="Fix #13", config={"b": 2})["task"]
    assert (updated["title"], updated["config"]) == ("Fix #13", {"b": 2})
    assert bot.ok("delete_task", id=task["id"]) == {"kind": "done"}
    assert bot.error("get_task", id=task["id"])["code"] == "not_found"


def test_a_wrong_move_is_told_and_changes_nothing(bots: Bots) -> None:
    bot = bots()
    task = made(bot)
    error = bot.error("update_task_status", id=task["id"], status="completed")
    assert error["code"] == "illegal_state"
    assert error["details"] == {"from": "pending", "to": "completed"}
    assert "docs/states.md" in error["message"]
    assert bot.ok("get_task", id=task["id"])["task"] == task


def test_lists_by_status_type_workspace_and_time_in_pages(bots: Bots) -> None:
    bot = bots()
    kind = unique("kind")
    tasks = [made(bot, f"t{n}", task_type=kind, workspace_path=f"/{n % 2}") for n in range(7)]
    bot.ok("update_task_status", id=tasks[3]["id"], status="running")

    def titles(**fields: Any) -> list[str]:
        found = bot.ok("list_tasks", task_type=kind, **fields)["tasks"]
        return [task["title"] for task in found]

    assert titles() == [f"t{n}" for n in reversed(range(7))]
    assert titles(status="running") == ["t3"]
    assert titles(workspace_path="/1") == ["t5", "t3", "t1"]
    assert titles(created_after=tasks[4]["created_at"]) == ["t6", "t5"]
    assert titles(created_before=tasks[1]["created_at"]) == ["t0"]
    seen: list[str] = []
    cursor: Json = {}
    while page := bot.ok("list_tasks", task_type=kind, limit=3, **cursor)["tasks"]:
        seen += [task["title"] for task in page]
        cursor = {"created_before": page[-1]["created_at"], "before_id": page[-1]["id"]}
    assert seen == titles()


@pytest.mark.parametrize(
    ("op", "fields", "code", "word"),
    [
        ("create_task", {"title": "t" * 501}, "invalid", "title"),
        ("create_task", {"task_type": ""}, "invalid", "task_type"),
        ("create_task", {"config": [1]}, "invalid", "config"),
        ("create_task", {"config": b"x"}, "invalid", "base64"),
        ("create_task", {"metadata": float("nan")}, "invalid", "metadata"),
        ("create_task", {"config": {"a": "x" * 300_000}}, "too_large", "config"),
        ("create_task", {"run_id": new_id()}, "not_found", "run"),
        ("create_task", {"run_id": "the last"}, "invalid", "UUIDv7"),
        ("update_task", {"title": "t"}, "not_found", "task"),
        ("update_task_status", {"status": "running"}, "not_found", "task"),
        ("update_task_status", {"status": "done"}, "invalid", "status"),
        ("update_task_status", {"status": "running", "error": "x"}, "invalid", "error"),
        ("list_tasks", {"status": "done"}, "invalid", "status"),
        (
            "add_workflow_task",
            {"workflow": "nowhere", "task_id": new_id()},
            "not_found",
            "workflow",
        ),
        ("add_workflow_task", {"workflow": "a b", "task_id": new_id()}, "invalid", "workflow"),
        (
            "remove_workflow_task",
            {"workflow": "nowhere", "task_id": new_id()},
            "not_found",
            "workf",
        ),
        ("reorder_workflow_tasks", {"workflow": "nowhere", "task_ids": []}, "not_found", "workf"),
        ("list_workflow_tasks", {"workflow": "nowhere"}, "not_found", "workflow"),
        ("list_workflow_tasks", {}, "invalid", "one thing"),
    ],
)
def test_bad_input_is_told(bots: Bots, op: str, fields: Json, code: str, word: str) -> None:
    base = {"id": new_id(), "title": "t", "task_type": "script"} if op == "create_task" else {}
    if op.startswith("update"):
        base = {"id": new_id()}
    error = bots().error(op, **{**base, **fields})
    assert error["code"] == code
    assert word in error["message"]


def test_tasks_of_a_workflow_in_sequence(bots: Bots) -> None:
    bot = bots()
    release = workflow(bot)
    a, b, c = [made(bot, title)["id"] for title in "abc"]
    for task in (a, b, c):
        bot.ok("add_workflow_task", workflow=release["name"], task_id=task)

    def order(**fields: Any) -> list[str]:
        found = bot.ok("list_workflow_tasks", workflow=release["name"], **fields)
        return [place["task"]["title"] for place in found["workflow_tasks"]]

    assert order() == ["a", "b", "c"]
    moved = bot.ok("reorder_workflow_tasks", workflow=release["id"], task_ids=[c, a, b])
    assert moved == {"kind": "done", "count": 3}
    assert order() == ["c", "a", "b"]
    assert order(after=0, after_id=c, limit=1) == ["a"]
    for wrong in ([a, b], [a, b, c, new_id()]):
        error = bot.error("reorder_workflow_tasks", workflow=release["id"], task_ids=wrong)
        assert error["code"] == "conflict"
    twice = bot.error("reorder_workflow_tasks", workflow=release["id"], task_ids=[a, a, b])
    assert twice["code"] == "invalid"
    assert order() == ["c", "a", "b"]
    assert bot.ok("remove_workflow_task", workflow=release["name"], task_id=a)["kind"] == "done"
    assert order() == ["c", "b"]
    bot.ok("delete_task", id=c)
    assert order() == ["b"]
    of_task = bot.ok("list_workflow_tasks", task_id=b)["workflow_tasks"]
    assert [place["workflow_id"] for place in of_task] == [release["id"]]
    bot.ok("delete_definition", id=release["id"])
    assert bot.ok("list_workflow_tasks", task_id=b)["workflow_tasks"] == []
    assert bot.ok("get_task", id=b)["task"]["title"] == "b"


def test_behind_the_last_place_there_is_none(bots: Bots) -> None:
    bot = bots()
    release, last, another = workflow(bot)["id"], made(bot)["id"], made(bot)["id"]
    bot.ok("add_workflow_task", workflow=release, task_id=last, sequence=2**53)
    error = bot.error("add_workflow_task", workflow=release, task_id=another)
    assert (error["code"], "reorder" in error["message"]) == ("conflict", True)
    page = {"workflow": release, "after": 2**53, "after_id": last}
    assert bot.ok("list_workflow_tasks", **page)["workflow_tasks"] == []
    bot.ok("reorder_workflow_tasks", workflow=release, task_ids=[last])
    added = bot.ok("add_workflow_task", workflow=release, task_id=another)
    assert added["workflow_task"]["sequence"] == 1


def test_a_task_is_linked_to_the_run_that_does_it(bots: Bots) -> None:
    bot = bots()
    run = bot.ok("create_run", id=new_id(), workflow=workflow(bot)["name"])["run"]["id"]
    task = made(bot, run_id=run)
    assert [t["id"] for t in bot.ok("list_tasks", run_id=run)["tasks"]] == [task["id"]]
    other = bot.ok("update_task", id=made(bot)["id"], run_id=run)["task"]
    assert other["run_id"] == run
    unlinked = bot.ok("update_task", id=other["id"], run_id="")["task"]
    assert "run_id" not in unlinked
