"""channel: made, shown, subscribed to and left."""

import botbus
from tests.cli.command import Botbus


def test_a_channel_from_beginning_to_end(run: Botbus, planner: botbus.SyncBus) -> None:
    made = run("channel", "create", "builds", "--from", "maker", "--json").object
    assert (made["name"], made["created_by"], made["subscribers"]) == ("builds", "maker", 0)
    assert run("channel", "create", "builds").out.endswith("UTC, created by maker\n")
    planner.publish("builds", 1)
    subscribed = run("channel", "subscribe", "builds", "--from", "tester", "--start", "first")
    assert subscribed.out == "tester is subscribed to builds, to messages after seq 0\n"
    waited = run("wait", "tester", "--timeout", "5", "--json")
    assert waited.object["channel"] == "builds"
    shown = run("channel", "show", "builds", "--json").object
    assert (shown["subscribers"], shown["subscriber_names"]) == (1, ["tester"])
    assert run("channel", "show", "builds").out.endswith("subscribers  1\n  tester\n")
    left = run("channel", "unsubscribe", "builds", "--from", "tester", "--json").object
    assert left == {"bot": "tester", "channel": "builds", "changed": True}
    again = run("channel", "unsubscribe", "builds", "--from", "tester")
    assert again.out == "tester was not subscribed to builds\n"


def test_a_plain_channel_lists(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.create_channel("listed")
    listed = run("channel", "list", "--json").objects
    assert "listed" in {channel["name"] for channel in listed}
    assert run("channel", "--json").objects == listed
    assert run("channel", "list").out.splitlines()[0].startswith("channel ")


def test_a_subscription_may_begin_at_a_seq_or_a_time(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.create_channel("started")
    receipts = [planner.publish("started", number) for number in range(3)]
    for start, expected in (
        (str(receipts[1].seq), [1, 2]),
        (receipts[2].timestamp, [2]),
    ):
        me = f"from-{len(expected)}"
        assert run("channel", "subscribe", "started", "--from", me, "--start", start).code == 0
        got = run("wait", me, "--timeout", "5", "--json").objects
        assert [message["body"] for message in got] == expected
