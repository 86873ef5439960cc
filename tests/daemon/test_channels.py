"""Channels: who gets what from when on, and what a subscription remembers."""

import time

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Plain


@pytest.fixture
def sender(bots: Bots) -> Plain:
    return bots("sender")


@pytest.fixture
def channel(sender: Plain) -> str:
    name = unique("channel")
    assert sender.ok("create_channel", name=name)["created"] is True
    return name


def bodies(bot: Plain, wait: float = 10.0) -> list[object]:
    """The bodies of what lies in the mailbox, acked."""
    deliveries = bot.fetch(wait=wait)
    bot.ask(*[bot.verdict("ack", delivery) for delivery in deliveries])
    return [delivery["message"]["body"] for delivery in deliveries]


def test_a_channel_exists_once(sender: Plain, channel: str) -> None:
    again = sender.ok("create_channel", name=channel)
    assert not again.get("created", False)
    shown = sender.ok("get_channel", name=channel)["channel"]
    assert shown["name"] == channel
    assert shown["created_by"] == sender.bot
    assert shown["subscribers"] == 0


def test_channels_are_listed_in_pages(sender: Plain) -> None:
    word = unique("page")
    names = [f"{word}.{number}" for number in range(5)]
    for name in names:
        sender.ok("create_channel", name=name)
    first = sender.ok("list_channels", after=word, limit=3)["channels"]
    rest = sender.ok("list_channels", after=first[-1]["name"], limit=2)["channels"]
    assert [c["name"] for c in first + rest] == names


def test_every_subscriber_gets_what_is_published(bots: Bots, sender: Plain, channel: str) -> None:
    subscribers = [bots() for _ in range(3)]
    for bot in subscribers:
        assert bot.ok("subscribe", channel=channel)["created"] is True
    receipt = sender.publish(channel, "news")
    assert receipt["recipients"] == 3
    for bot in subscribers:
        (delivery,) = bot.fetch()
        assert delivery["message"]["channel"] == channel
        assert "recipient" not in delivery["message"]
        assert delivery["message"]["body"] == "news"
    assert sender.ok("get_channel", name=channel)["channel"]["last_seq"] == receipt["seq"]


def test_a_channel_without_subscribers_says_so(sender: Plain, channel: str) -> None:
    assert sender.publish(channel, "anybody?")["recipients"] == 0


def test_a_hundred_subscribers_get_it_whether_connected_or_not(
    bots: Bots, sender: Plain, channel: str
) -> None:
    crowd = bots.named(None)
    names = [unique("subscriber") for _ in range(100)]
    for name in names:
        crowd.ask({"op": "subscribe", "channel": channel}, bot=name)
    assert sender.publish(channel, "all")["recipients"] == 100
    listed: list[str] = []
    while page := crowd.ok(
        "list_subscribers", channel=channel, limit=30, after=listed[-1] if listed else ""
    )["subscriptions"]:
        listed += [subscription["bot"] for subscription in page]
    assert listed == sorted(names)
    for name in names:
        (reply,) = crowd.ask({"op": "fetch", "wait": 10}, bot=name)
        assert [d["message"]["body"] for d in reply["ok"]["deliveries"]] == ["all"]


def test_new_first_seq_and_time_say_where_a_subscription_begins(
    bots: Bots, sender: Plain, channel: str
) -> None:
    receipts = [sender.publish(channel, number) for number in range(6)]
    starts = {
        "new": [],
        "first": [0, 1, 2, 3, 4, 5],
        receipts[3]["seq"]: [3, 4, 5],
        receipts[4]["timestamp"]: [4, 5],
        "2001-01-01T00:00:00+01:00": [0, 1, 2, 3, 4, 5],
        "2999-01-01T00:00:00Z": [],
        0: [0, 1, 2, 3, 4, 5],
        receipts[5]["seq"] + 10_000_000: [],
    }
    subscribers = {start: bots() for start in starts}
    for start, bot in subscribers.items():
        bot.ok("subscribe", channel=channel, start=start)
    sender.publish(channel, "next")
    for start, expected in starts.items():
        assert bodies(subscribers[start]) == [*expected, "next"], start


def test_subscribing_while_the_mailbox_is_in_use_takes_effect_at_once(
    bots: Bots, sender: Plain, channel: str
) -> None:
    bot = bots()
    old = sender.publish(channel, "old")
    sender.send(str(bot.bot), "direct")
    assert bodies(bot) == ["direct"]
    parked = bot.parked({"op": "fetch", "wait": 60})
    bot.ok("hello")
    bot.ok("subscribe", channel=channel, start=old["seq"])
    (delivery,) = parked.reply()["ok"]["deliveries"]
    assert delivery["message"]["body"] == "old"


def test_a_source_that_comes_while_a_backlog_is_read_loses_nothing(
    bots: Bots, sender: Plain
) -> None:
    bot = bots()
    requests = [sender.letter(str(bot.bot), "direct") for _ in range(900)]
    sender.ask(*requests)
    names = [unique("late") for _ in range(30)]
    for name in names:
        sender.ok("create_channel", name=name)
        sender.publish(name, name)
    helper = bots.named(bot.bot)
    found: list[object] = []
    subscriptions = []
    for name in names:
        parked = bot.parked({"op": "fetch", "max": 40})
        subscriptions.append(helper.parked({"op": "subscribe", "channel": name, "start": "first"}))
        found += [d["message"]["body"] for d in parked.reply()["ok"]["deliveries"]]
    for subscription in subscriptions:
        assert "ok" in subscription.reply()
    while fetched := bot.fetch(max=500, wait=0.2):
        found += [d["message"]["body"] for d in fetched]
    assert sorted(b for b in found if b != "direct") == sorted(names)  # type: ignore[type-var]
    assert found.count("direct") == 900


def test_a_subscription_keeps_its_cursor(bots: Bots, sender: Plain, channel: str) -> None:
    bot = bots()
    bot.ok("subscribe", channel=channel)
    sender.publish(channel, 1)
    assert bodies(bot) == [1]
    bot.close()
    sender.publish(channel, 2)
    again = bots.named(bot.bot)
    subscribed = again.ok("subscribe", channel=channel, start="first")
    assert not subscribed.get("created", False)
    assert bodies(again) == [2]


def test_unsubscribing_ends_it_and_subscribing_anew_begins_anew(
    bots: Bots, sender: Plain, channel: str
) -> None:
    bot = bots()
    bot.ok("subscribe", channel=channel)
    assert [s["channel"] for s in bot.ok("list_subscriptions")["subscriptions"]] == [channel]
    assert bot.ok("unsubscribe", channel=channel) == {"kind": "done"}
    assert bot.ok("unsubscribe", channel=channel) == {"kind": "done", "changed": False}
    assert sender.ok("list_subscriptions", bot=bot.bot)["subscriptions"] == []
    assert sender.publish(channel, "missed")["recipients"] == 0
    assert bodies(bot, wait=0.1) == []
    bot.ok("subscribe", channel=channel)
    sender.publish(channel, "got")
    assert bodies(bot) == ["got"]


def test_unsubscribing_takes_out_what_was_not_handed_out(
    bots: Bots, sender: Plain, channel: str
) -> None:
    bot = bots()
    bot.ok("subscribe", channel=channel)
    for number in range(5):
        sender.publish(channel, number)
    (first,) = bot.fetch(max=1)
    bot.ok("unsubscribe", channel=channel)
    sender.send(str(bot.bot), "direct")
    assert bodies(bot) == ["direct"]
    assert bot.settle("ack", first) == {"kind": "done"}


@pytest.mark.parametrize("restarted", [False, True])
def test_unsubscribing_takes_out_what_was_put_off(own: Bots, restarted: bool) -> None:
    """A delayed message that a fetch met too early was handed to nobody."""
    sender, bot = own("sender"), own("reader")
    sender.ok("create_channel", name="news")
    bot.ok("subscribe", channel="news")
    sender.publish("news", "later", delay=0.3)
    sender.publish("news", "much later", delay=3600)
    assert bodies(bot, wait=0.0) == []
    if restarted:
        assert own.daemon.stop() == 0
        own.daemon.start()
        bot = own("reader")
    bot.ok("unsubscribe", channel="news")
    assert bot.ok("peek")["messages"] == []
    assert bodies(bot, wait=0.4) == []
    bot.ok("subscribe", channel="news", start="first")
    assert bodies(bot) == ["later"]
    assert [message["body"] for message in bot.ok("peek")["messages"]] == ["much later"]


def test_unsubscribing_takes_out_what_its_sender_could_not_take_back(
    bots: Bots, sender: Plain, channel: str
) -> None:
    bot = bots()
    bot.ok("subscribe", channel=channel)
    receipts = [sender.publish(channel, number) for number in range(2)]
    (first,) = bot.fetch(max=1)
    assert bot.error("recall", id=receipts[1]["id"])["code"] == "denied"
    bot.ok("unsubscribe", channel=channel)
    assert bodies(bot, wait=0.1) == []
    assert bot.settle("ack", first) == {"kind": "done"}


def test_subscriptions_and_cursors_outlive_crashes(own: Bots) -> None:
    sender, bot = own("sender"), own()
    sender.ok("create_channel", name="news")
    bot.ok("subscribe", channel="news")
    for number in range(3):
        sender.publish("news", number)
    for delivery in bot.fetch(max=2):
        bot.settle("ack", delivery)
    own.daemon.kill()
    own.daemon.start()
    sender.publish("news", 3)
    found: list[object] = []
    deadline = time.monotonic() + 10
    while len(found) < 2 and time.monotonic() < deadline:
        found += bodies(bot)
    assert found == [2, 3]


def test_a_subscription_that_reaches_back_comes_in_its_place(
    bots: Bots, sender: Plain, channel: str
) -> None:
    """Even if newer messages have been gathered already."""
    bot = bots()
    sender.publish(channel, "older")
    for body in ("taken", "newer"):
        sender.send(str(bot.bot), body)
    (taken,) = bot.fetch(max=1)
    bot.ok("subscribe", channel=channel, start="first")
    assert bodies(bot) == ["older", "newer"]
    assert bot.settle("ack", taken) == {"kind": "done"}


def test_what_was_acked_does_not_come_with_a_new_subscription(
    bots: Bots, sender: Plain, channel: str
) -> None:
    """Even if another subscriber keeps it in the daemon's memory."""
    bot, other = bots(), bots()
    for one in (bot, other):
        one.ok("subscribe", channel=channel)
        one.fetch(wait=0)
    acked = sender.publish(channel, "acked")
    assert bodies(bot) == ["acked"]
    bot.ok("unsubscribe", channel=channel)
    sender.publish(channel, "missed")
    bot.ok("subscribe", channel=channel, start=acked["seq"])
    assert bodies(bot) == ["missed"]
    assert bodies(other) == ["acked", "missed"]


def test_what_was_handed_out_is_settled_after_the_subscription(own: Bots) -> None:
    """The daemon notes it before the subscription ends, for nothing else tells of it then."""
    sender, bot = own("sender"), own()
    sender.ok("create_channel", name="news")
    bot.ok("subscribe", channel="news")
    sender.publish("news", 1)
    (delivery,) = bot.fetch()
    bot.ok("unsubscribe", channel="news")
    assert [message["body"] for message in bot.ok("peek")["messages"]] == [1]
    own.daemon.kill()
    own.daemon.start()
    assert bot.settle("ack", delivery) == {"kind": "done"}


def test_a_subscription_that_comes_while_the_mailbox_is_loaded(bots: Bots, sender: Plain) -> None:
    """The mailbox has read its subscriptions already, and is not in memory yet."""
    name = unique("early")
    sender.ok("create_channel", name=name)
    sender.publish(name, "early")
    fetch = {"op": "fetch", "wait": 5}
    subscribe = {"op": "subscribe", "channel": name, "start": "first"}
    for _ in range(3):
        one, other = bots.named(None), bots.named(None)
        crowd = [unique("loading") for _ in range(60)]
        parked = []
        for bot in crowd:
            parked.append(one.park(one.frame(fetch, bot=bot)))
            other.park(other.frame(subscribe, bot=bot))
        for fetched in parked:
            (delivery,) = fetched.reply()["ok"]["deliveries"]
            assert delivery["message"]["body"] == "early"
