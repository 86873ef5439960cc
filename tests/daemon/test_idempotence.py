"""Every mutating request, sent twice in any order of crash and resend, has its effect once."""

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, error_of, new_id


def counted(bot: Plain) -> int:
    return len(bot.fetch(wait=0.1, max=1000))


def test_a_repeat_gets_the_first_receipt(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    letter = sender.letter(str(bot.bot), {"a": 1, "b": 2}, headers={"x": "y"})
    (first,) = sender.ask(letter)
    (second,) = sender.ask({**letter, "body": {"b": 2, "a": 1}})  # the same content
    assert second["ok"]["duplicate"] is True
    assert second["ok"]["seq"] == first["ok"]["seq"]
    assert second["ok"]["timestamp"] == first["ok"]["timestamp"]
    assert counted(bot) == 1


def test_the_same_id_with_other_content_is_a_conflict(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    letter = sender.letter(str(bot.bot), 1, type="task", headers={"x": "y"})
    parent = sender.send(str(bot.bot), "parent")["id"]
    sender.ask(letter)
    differences: list[Json] = [
        {"body": 2},
        {"type": "message"},
        {"to": sender.bot},
        {"headers": {}},
        {"reply_to": parent},
    ]
    for other in differences:
        (reply,) = sender.ask({**letter, **other})
        assert error_of(reply)["code"] == "conflict", other
    (stolen,) = bot.ask(letter)
    assert error_of(stolen)["code"] == "conflict"
    assert counted(bot) == 2


def test_repeats_inside_one_frame_and_one_commit(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    letter = sender.letter(str(bot.bot), 1)
    replies = sender.ask(
        letter, letter, {**letter, "body": 2}, sender.letter(str(bot.bot), 3), letter
    )
    assert [reply.get("ok", {}).get("duplicate", False) for reply in replies] == [
        False, True, False, False, True,
    ]  # fmt: skip
    assert error_of(replies[2])["code"] == "conflict"
    assert counted(bot) == 2


def test_repeats_from_many_connections_at_once(bots: Bots) -> None:
    bot, first = bots(), bots("sender")
    connections = [first, *[bots.named(first.bot) for _ in range(7)]]
    letters = [first.letter(str(bot.bot), number) for number in range(100)]
    parked = [c.park(c.frame(*letters)) for c in connections]
    receipts = [reply["ok"] for waiting in parked for reply in waiting.answer()["replies"]]
    assert sum(not receipt.get("duplicate", False) for receipt in receipts) == 100
    assert len({receipt["seq"] for receipt in receipts}) == 100
    assert counted(bot) == 100


def test_a_repeat_inside_an_atomic_frame(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    letter = sender.letter(str(bot.bot), 1)
    first, second = sender.ask(letter, letter, atomic=True)
    assert second["ok"]["duplicate"] is True
    assert second["ok"]["seq"] == first["ok"]["seq"]
    assert counted(bot) == 1


def test_everything_may_be_sent_again_after_a_crash(own: Bots) -> None:
    """Each request is answered, the daemon is killed, and the request comes once more."""
    bot, sender = own(), own("sender")
    name = str(bot.bot)
    for body in ("ack", "nak", "term", "drop", "replay"):
        sender.send(name, body)
    ack, nak, term, drop, replay = bot.fetch()
    recalled = sender.send("nobody", 1)["id"]
    for delivery in (drop, replay):
        bot.settle("term", delivery, reason="x")
    requests: list[tuple[Plain, Json]] = [
        (sender, sender.letter(name, "once")),
        (sender, {"op": "create_channel", "name": "c"}),
        (bot, {"op": "subscribe", "channel": "c", "start": "first"}),
        (sender, {"op": "publish", "id": new_id(), "channel": "c", "body": "published"}),
        (sender, {"op": "recall", "id": recalled}),
        (bot, bot.verdict("ack", ack)),
        (bot, bot.verdict("nak", nak, delay=60)),
        (bot, bot.verdict("term", term, reason="y")),
        (bot, {"op": "drop_dead", "bot": name, "seqs": [drop["message"]["seq"]]}),
        (bot, {"op": "replay_dead", "bot": name, "seqs": [replay["message"]["seq"]]}),
    ]
    first = [connection.ask(request)[0]["ok"] for connection, request in requests]
    own.daemon.kill()
    own.daemon.start()
    second = [connection.ask(request)[0]["ok"] for connection, request in requests]
    assert [reply["kind"] for reply in first] == [reply["kind"] for reply in second]
    assert all(reply.get("changed", True) for reply in first)
    for reply in second:
        assert (
            reply.get("duplicate")
            or reply.get("changed") is False
            or not reply.get("created", False)
        )
    found: list[object] = []
    while len(found) < 3:
        found += [d["message"]["body"] for d in bot.fetch()]
    assert bot.fetch(wait=0) == []
    assert sorted(map(str, found)) == ["once", "published", "replay"]
    (dead,) = bot.ok("list_dead", bot=name)["dead"]
    assert dead["message"]["body"] == "term"


def test_a_repeat_of_a_subscription_changes_nothing(bots: Bots) -> None:
    bot, name = bots(), unique("c")
    bot.ok("create_channel", name=name)
    first = bot.ok("subscribe", channel=name, start="first")
    bot.ok("publish", id=new_id(), channel=name, body=1)
    again = bot.ok("subscribe", channel=name, start="new")
    assert first["created"] is True
    assert "created" not in again
    assert counted(bot) == 1
