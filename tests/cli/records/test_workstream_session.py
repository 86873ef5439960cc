"""workstream and session: made, tagged, shown, listed, ended, deleted."""

import botbus
from tests.cli.command import Botbus


def test_a_workstream_from_beginning_to_end(run: Botbus) -> None:
    made = run("workstream", "create", "Release 1.2", "--tag", "#b", "--tag", "#a", "--json").object
    assert (made["title"], made["tags"], made["state"]) == ("Release 1.2", ["#a", "#b"], "active")
    shown = run("workstream", "show", made["id"]).out
    assert "title            Release 1.2\n" in shown
    assert "tags             #a #b\n" in shown
    archived = run("workstream", "update", made["id"], "--state", "archived", "--json").object
    assert archived["state"] == "archived"
    assert run("workstream", "tag", made["id"], "x", "--json").object["tags"] == ["x"]
    listed = run("workstream", "list", "--state", "archived")
    assert made["id"] in listed.out
    assert listed.out.splitlines()[0].startswith("workstream ")
    assert run("workstream", "--json", "--limit", "1").code == 0
    gone = run("workstream", "delete", made["id"])
    assert gone.out == f"workstream {made['id']} is deleted\n"
    again = run("workstream", "delete", made["id"], "--json").object
    assert again == {"id": made["id"], "changed": False}
    missing = run("workstream", "show", made["id"])
    assert (missing.code, missing.err.startswith("botbus: not_found: ")) == (1, True)


def test_scratch_stays(run: Botbus) -> None:
    refused = run("workstream", "delete", "scratch")
    assert refused.code == 1
    assert "denied: the scratch workstream stays" in refused.err
    odd = run("workstream", "tag", "scratch", "a b")
    assert (odd.code, "which is no tag" in odd.err) == (1, True)
    assert run("workstream", "show", "nonsense").code == 2


def test_a_session_and_what_is_said_in_it(run: Botbus, planner: botbus.SyncBus) -> None:
    started = run("session", "start", "--peer", "planner", "--from", "coder", "--json").object
    assert (started["workstream_id"], started["session_type"]) == ("scratch", "bot")
    run("send", "planner", "one", "--from", "coder", "--session", started["id"])
    planner.send("coder", "two", session_id=started["id"])
    said = run("session", "messages", started["id"], "--json").objects
    assert [message["body"] for message in said] == ["one", "two"]
    newest = run("history", "--session", started["id"], "--limit", "1", "--json").object
    assert newest["body"] == "two"
    assert started["id"] in run("session", "list", "--peer", "planner", "--open").out
    ended = run("session", "end", started["id"], "--turns", "2", "--summary", "all said")
    assert "turn count       2\n" in ended.out
    assert run("session", "list", "--open", "--json", "--peer", "planner").objects == []
    packed = run("session", "update", started["id"], "--compressed", "--json").object
    assert packed["compressed"]
    assert run("session", "show", started["id"], "--json").object == packed
