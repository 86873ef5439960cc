"""The loop guard stops bots that answer each other for ever, and nobody else."""

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id


@pytest.fixture(scope="module")
def settings() -> str:
    return "[loop_guard]\nmax_hops = 12\nfree_hops = 3\nreplies_per_minute = 20\n"


def answered(bot: Plain, to: Plain, parent: str) -> Json:
    (reply,) = bot.ask(bot.letter(str(to.bot), "and you?", reply_to=parent))
    return reply


def ping_pong(one: Plain, other: Plain, most: int) -> tuple[int, Json]:
    """Lets two bots answer each other: how many replies went through, and the last answer."""
    reply: Json = {"ok": one.send(str(other.bot), "hello")}
    for count in range(most):
        one, other = other, one
        following = answered(one, other, reply["ok"]["id"])
        if "error" in following:
            return count, following["error"]
        reply = following
    return most, reply


def test_a_chain_that_is_too_long_is_refused(bots: Bots) -> None:
    one, other = bots("ping"), bots("pong")
    count, error = ping_pong(one, other, 50)
    assert count == 12
    assert error["code"] == "loop"
    assert error["details"]["hops"] == 13
    assert error["details"]["chain"][:3] == [other.bot, one.bot, other.bot]
    assert f"{one.bot} <- {other.bot}" in error["message"]
    assert one.send(str(other.bot), "a message of its own")["seq"]


def test_a_pair_deep_in_chains_is_slowed_down(bots: Bots) -> None:
    one, other = bots("ping"), bots("pong")
    refused = 0
    for _ in range(4):  # 9 replies of each chain are beyond the free hops
        count, error = ping_pong(one, other, 12)
        if count < 12:
            refused += 1
            assert error["code"] == "loop"
            assert "times a minute" in error["message"]
    assert refused > 0


def test_naming_the_other_by_its_id_does_not_help(bots: Bots) -> None:
    one, other = bots("ping"), bots("pong")
    other.ok("hello")
    ids = {b["name"]: b["id"] for b in one.ok("list_bots", limit=1000)["bots"]}
    went_through = 0
    for way in (str(other.bot), ids[str(other.bot)]) * 3:
        parent = one.send(str(other.bot), "hello")["id"]
        speaker, hearer = other, one
        for _ in range(12):
            to = way if hearer is other else str(hearer.bot)
            (reply,) = speaker.ask(speaker.letter(to, "?", reply_to=parent))
            if "error" in reply:
                break
            went_through += 1
            parent = reply["ok"]["id"]
            speaker, hearer = hearer, speaker
    assert went_through <= 6 * 3 + 20 + 2


def test_plain_messages_never_meet_it(bots: Bots) -> None:
    one, other = bots("one"), bots("other")
    for speaker, hearer in ((one, other), (other, one)):
        letters = [speaker.letter(str(hearer.bot), n) for n in range(1000)]
        assert all("ok" in reply for reply in speaker.ask(*letters))


def test_ask_and_reply_never_meet_it_at_any_speed(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    for _ in range(60):  # thrice what deep chains may do in a minute
        parked = asker.parked({"op": "ask", "id": new_id(), "to": expert.bot, "body": "?"})
        (delivery,) = expert.fetch()
        message = delivery["message"]
        replies = expert.ask(
            expert.letter(message["sender"], "!", reply_to=message["id"]),
            expert.verdict("ack", delivery),
            atomic=True,
        )
        assert "ok" in replies[0], replies
        assert parked.reply()["ok"]["reply"]["body"] == "!"


def test_a_long_chain_through_a_channel_is_refused_too(bots: Bots) -> None:
    bot = bots("talker")
    name = str(bot.bot)
    bot.ok("create_channel", name=name)
    parent = bot.publish(name, "hello")["id"]
    codes = []
    for _ in range(14):
        (reply,) = bot.ask(
            {"op": "publish", "id": new_id(), "channel": name, "body": "me too", "reply_to": parent}
        )
        codes.append(reply.get("error", {}).get("code"))
        parent = reply.get("ok", {}).get("id", parent)
    assert codes == [None] * 12 + ["loop"] * 2


def test_hops_are_counted_over_a_restart(own: Bots) -> None:
    one, other = own("ping"), own("pong")
    _, last = ping_pong(one, other, 30)
    own.daemon.kill()
    own.daemon.start()
    for speaker, hearer in ((one, other), (other, one)) * 2:
        last = answered(speaker, hearer, last["ok"]["id"])
        if "error" in last:
            break
    assert last["error"]["code"] == "loop"
