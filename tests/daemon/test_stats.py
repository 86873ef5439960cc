"""The figures of a daemon: what was done to it is what they tell."""

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import claim_one, complete, create, save


def figures(client: Plain, **fields: object) -> Json:
    return client.ok("stats", **fields)


def mailbox(told: Json, bot: str) -> Json | None:
    found = (box for box in told["backlog"].get("mailboxes", []) if box["bot"] == bot)
    return next(found, None)


def test_traffic_is_counted(bots: Bots) -> None:
    ann, bob = bots("ann"), bots("bob")
    assert bob.bot is not None
    before = figures(ann)["traffic"]
    for number in range(5):
        ann.send(bob.bot, number)
    repeated = new_id()
    for _ in range(2):
        ann.send(bob.bot, "twice", id=repeated)
    for delivery in bob.fetch():
        bob.settle("ack", delivery)
    ann.error("show_message", id=new_id())
    after = figures(ann)["traffic"]

    def gained(group: str, name: str) -> int:
        was: int = before.get(group, {}).get(name, 0)
        now: int = after[group][name]
        return now - was

    assert gained("requests", "send") == 7
    assert gained("requests", "ack") == 6
    assert gained("refused", "not_found") == 1
    assert after["messages"] - before.get("messages", 0) == 6
    assert after["deliveries"] - before.get("deliveries", 0) == 6
    assert "denied" not in after


def test_what_a_commit_refuses_is_counted_too(bots: Bots) -> None:
    ann = bots("ann")
    ann.error("publish", id=new_id(), channel="no-such", body=1)
    before = figures(ann)["traffic"]["refused"]["not_found"]
    ann.ask(*[{"op": "publish", "id": new_id(), "channel": "no-such", "body": 1}] * 2, atomic=True)
    assert figures(ann)["traffic"]["refused"]["not_found"] == before + 2


def test_commits_are_timed(bots: Bots) -> None:
    ann = bots("ann")
    before = figures(ann)["commits"]
    for number in range(10):
        ann.send("nobody", number)
    ann.ask(*(ann.letter("nobody", number) for number in range(50)))
    after = figures(ann)["commits"]
    assert after["count"] - before["count"] >= 11
    assert after["operations"] - before["operations"] >= 60
    assert after["largest"] >= 50
    assert 0 < after["p50_seconds"] <= after["p99_seconds"] < 10
    assert after["seconds"] > before["seconds"]
    assert "failed" not in after


def test_the_process_and_the_disk_are_told(bots: Bots) -> None:
    ann = bots("ann")
    told = figures(ann)
    assert told["pid"] == bots.daemon.pid
    assert told["boot"] == 1
    assert told["uptime_seconds"] > 0
    assert told["memory_bytes"] > 5_000_000
    assert told["storage"]["wal_bytes"] + told["storage"]["database_bytes"] > 4096
    assert told["storage"]["free_bytes"] > 0
    assert "unwell" not in told


def test_mailboxes_tell_what_waits_and_since_when(own: Bots) -> None:
    ann, bob = own.named("ann"), own.named("bob")
    ann.ok("create_channel", name="news")
    bob.ok("subscribe", channel="news")
    first = ann.send("bob", 1)
    ann.send("bob", 2)
    ann.send("bob", 3)
    ann.publish("news", 4)
    ann.send("never-seen", 5)
    recalled = ann.send("bob", 6)
    ann.ok("recall", id=recalled["id"])
    leased, acked, *_ = bob.fetch(max=2)
    bob.settle("ack", acked)
    told = figures(ann)
    box = mailbox(told, "bob")
    assert box == {
        "bot": "bob",
        "pending": 3,
        "oldest_at": first["timestamp"],
        "in_flight": 1,
        "connections": 1,
    }
    assert told["backlog"]["waiting"] == 2
    assert told["backlog"]["pending"] == 4
    assert told["backlog"]["oldest_at"] == first["timestamp"]
    assert told["in_flight"] == 1
    assert (told["connections"], told["bots"]) == (2, 2)
    assert [box["bot"] for box in told["backlog"]["mailboxes"]] == ["bob", "never-seen"]
    shown = figures(ann, mailboxes=1)["backlog"]
    assert [box["bot"] for box in shown["mailboxes"]] == ["bob"]
    assert shown["waiting"] == 2
    bob.settle("ack", leased)


def test_dead_letters_and_parked_requests_are_counted(own: Bots) -> None:
    ann, bob = own.named("ann"), own.named("bob")
    ann.send("bob", 1)
    (delivery,) = bob.fetch()
    bob.settle("term", delivery, reason="no use")
    parked = bob.parked({"op": "fetch", "wait": 30.0})
    own.named("carl").ok("hello")  # by when the fetch is there, for it was sent before
    told = figures(ann)
    while not told.get("parked"):
        told = figures(ann)
    assert told["parked"] == 1
    assert told["backlog"]["dead_letters"] == 1
    ann.send("bob", 2)
    parked.reply()


def test_runs_and_their_steps_are_counted(own: Bots) -> None:
    ann = own.named("ann")
    workflow = save(ann)
    for _ in range(2):
        create(ann, workflow)
    told = figures(ann)
    assert told["backlog"]["runs"] == {"pending": 2}
    claimed = claim_one(ann, workflow, max=1)
    complete(ann, claimed, "one")
    told = figures(ann)
    assert told["traffic"]["steps"] == 1
    assert told["runs_held"] == 1


def test_who_only_watches_may_look(bots: Bots) -> None:
    assert figures(bots.named(None))["connections"] >= 1
