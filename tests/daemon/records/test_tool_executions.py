"""The log of tool executions, as a client in another language sees it."""

import time
from typing import Any

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.records.making import made


def started(bot: Plain, **fields: Any) -> Json:
    fields = {"id": new_id(), "tool_name": "grep", **fields}
    if "task_id" not in fields:
        fields["task_id"] = made(bot)["id"]
    entry: Json = bot.ok("start_tool_execution", **fields)["tool_execution"]
    return entry


def entry_of(bot: Plain, id_: str) -> Json:
    entry: Json = bot.ok("get_tool_execution", id=id_)["tool_execution"]
    return entry


def once_ended(bot: Plain, id_: str, seconds: float = 10.0) -> Json:
    """The entry when the daemon has closed it."""
    deadline = time.monotonic() + seconds
    while (entry := entry_of(bot, id_))["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return entry


def test_an_execution_is_entered_and_closed(bots: Bots) -> None:
    bot = bots()
    entry = started(bot, arguments={"q": "x"})
    assert (entry["status"], entry["arguments"]) == ("running", {"q": "x"})
    end = {"id": entry["id"], "output": {"lines": 3}}
    closed = bot.ok("finish_tool_execution", **end)["tool_execution"]
    assert (closed["status"], closed["output"]) == ("completed", {"lines": 3})
    assert 0 <= closed["duration_ms"] < 10_000
    repeated = bot.ok("finish_tool_execution", **end)
    assert repeated == {"kind": "tool_execution", "tool_execution": closed}


def test_the_log_is_never_changed(bots: Bots) -> None:
    bot = bots()
    entry = started(bot)
    bot.ok("finish_tool_execution", id=entry["id"], status="failed", error="exit 1")
    closed = entry_of(bot, entry["id"])
    error = bot.error("finish_tool_execution", id=entry["id"], output=1)
    assert error["code"] == "illegal_state"
    assert "never changed" in error["message"]
    again = {"id": entry["id"], "task_id": entry["task_id"], "tool_name": "sed"}
    assert bot.error("start_tool_execution", **again)["code"] == "conflict"
    assert entry_of(bot, entry["id"]) == closed


def test_the_daemon_marks_what_does_not_end_in_time(bots: Bots) -> None:
    bot = bots()
    entry = started(bot, timeout=0.2)
    long = started(bot, timeout=3600)
    closed = once_ended(bot, entry["id"])
    assert closed["status"] == "timeout"
    assert 200 <= closed["duration_ms"] < 2000
    assert "no end was told" in closed["error"]
    assert bot.error("finish_tool_execution", id=entry["id"])["code"] == "illegal_state"
    assert entry_of(bot, long["id"]) == long


def test_deadlines_hold_across_restarts(own: Bots) -> None:
    bot = own.named("me")
    passed, coming = started(bot, timeout=0.3), started(bot, timeout=1.5)
    own.daemon.kill()
    time.sleep(0.4)  # the deadline passes while no daemon is there
    own.daemon.start()
    again = own.named("me")
    assert once_ended(again, passed["id"])["status"] == "timeout"
    closed = once_ended(again, coming["id"])
    assert (closed["status"], closed["completed_at"] >= closed["timeout_at"]) == ("timeout", True)


def test_a_pending_one_starts_later(bots: Bots) -> None:
    bot = bots()
    entry = started(bot, pending=True)
    assert (entry["status"], "started_at" in entry) == ("pending", False)
    error = bot.error("finish_tool_execution", id=entry["id"])
    assert (error["code"], error["details"]["from"]) == ("illegal_state", "pending")
    begun = started(bot, id=entry["id"], task_id=entry["task_id"])
    assert begun["status"] == "running"


def test_lists_by_task_tool_status_and_time(bots: Bots) -> None:
    bot = bots()
    tool, task = unique("tool"), made(bot)["id"]
    a = started(bot, tool_name=tool, task_id=task)
    b = started(bot, tool_name=tool)
    bot.ok("finish_tool_execution", id=b["id"])

    def listed(**fields: Any) -> list[str]:
        found = bot.ok("list_tool_executions", **fields)["tool_executions"]
        return [entry["id"] for entry in found]

    assert listed(tool_name=tool) == [b["id"], a["id"]]
    assert listed(tool_name=tool, status="completed") == [b["id"]]
    assert listed(task_id=task) == [a["id"]]
    assert listed(tool_name=tool, created_after=a["created_at"]) == [b["id"]]
    bot.ok("delete_task", id=task)
    assert listed(tool_name=tool) == [b["id"]]


@pytest.mark.parametrize(
    ("op", "fields", "code", "word"),
    [
        ("start_tool_execution", {"task_id": new_id()}, "not_found", "task"),
        ("start_tool_execution", {"tool_name": ""}, "invalid", "tool_name"),
        ("start_tool_execution", {"arguments": "x"}, "invalid", "arguments"),
        ("start_tool_execution", {"timeout": 0}, "invalid", "timeout"),
        ("start_tool_execution", {"timeout": float("nan")}, "invalid", "timeout"),
        ("finish_tool_execution", {}, "not_found", "execution"),
        ("finish_tool_execution", {"status": "timeout"}, "invalid", "status"),
        ("finish_tool_execution", {"error": "x"}, "invalid", "error"),
        ("get_tool_execution", {}, "not_found", "execution"),
        ("list_tool_executions", {"status": "done"}, "invalid", "status"),
        ("list_tool_executions", {"task_id": "x"}, "invalid", "task_id"),
    ],
)
def test_bad_input_is_told(bots: Bots, op: str, fields: Json, code: str, word: str) -> None:
    bot = bots()
    base: Json = {} if op.startswith("list") else {"id": new_id()}
    if op.startswith("start"):
        base |= {"task_id": made(bot)["id"], "tool_name": "grep"}
    error = bot.error(op, **{**base, **fields})
    assert error["code"] == code
    assert word in error["message"]
