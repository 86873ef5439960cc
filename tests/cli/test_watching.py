"""tail, history and bots: looking at what others say."""

import json

import botbus
from tests.cli.command import Botbus


def test_tail_sees_what_is_committed_and_takes_nothing(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    planner.create_channel("tailed")
    first = planner.publish("tailed", "before")
    with run.started("tail", "--channel", "tailed", "--after", "0", "--json") as tailing:
        assert tailing.stdout is not None
        assert json.loads(tailing.stdout.readline())["seq"] == first.seq
        planner.send("tail-target", "elsewhere")
        planner.publish("tailed", "after")
        assert json.loads(tailing.stdout.readline())["body"] == "after"
    done = run("tail", "--bot", "tail-target", "--after", "0", "--count", "1")
    assert done.out.count("\n") == 1
    assert 'planner → tail-target  [message]  "elsewhere"  (id ' in done.out
    assert planner.message(first.id).deliveries == []


def test_history_of_two_bots_and_of_a_thread(run: Botbus, planner: botbus.SyncBus) -> None:
    question = planner.send("recalled", "question")
    with botbus.connect_sync("recalled", url=planner.url) as other:
        (delivery,) = other.fetch(wait=5)
        delivery.reply("answer")
        other.send("stranger", "aside")
    both = run("history", "--between", "recalled", "planner", "--json")
    assert [m["body"] for m in both.objects] == ["answer", "question"]
    one = run("history", "--between", "recalled", "planner", "--limit", "1", "--json")
    assert one.object["body"] == "answer"
    after = run("history", "--thread", question.id, "--after", str(question.seq), "--json")
    assert after.object["reply_to"] == question.id
    before = run("history", "--thread", question.id, "--before", question.timestamp)
    assert (before.code, before.out, before.err) == (0, "", "there are no such messages\n")


def test_a_table_in_a_pipe_is_plain(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.create_channel("tabled")
    planner.publish("tabled", "x" * 300, type="evil\x1b[31m\ntype")
    done = run("history", "--channel", "tabled")
    heading, row = done.out.splitlines()
    assert heading.split("  ")[0].strip() == "seq"
    assert '"' + "x" * 300 + '"' in row
    assert "evil\\x1b[31m\\ntype" in row
    assert "\x1b" not in done.out


def test_bots_are_listed_with_their_presence(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.send("never-seen-bot", 1)
    connected = run("bots", "--connected", "--json").objects
    assert "planner" in {bot["name"] for bot in connected}
    assert all(bot["connections"] for bot in connected)
    lines = {line.split()[0]: line for line in run("bots").out.splitlines()}
    assert " connected " in lines["planner"]
    assert " never seen " in lines["never-seen-bot"]
    assert len(run("bots", "--limit", "1", "--json").objects) == 1
