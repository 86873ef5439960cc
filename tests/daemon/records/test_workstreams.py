"""Workstreams and sessions, as a client in another language sees them."""

from typing import Any

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id


def made(bot: Plain, title: str = "Release", **fields: Any) -> Json:
    made: Json = bot.ok("create_workstream", id=new_id(), title=title, **fields)["workstream"]
    return made


def test_a_workstream_from_creation_to_deletion(bots: Bots) -> None:
    bot = bots()
    one = made(bot, summary="s", default_model="large", tags=["#b", "#a"])
    assert (one["title"], one["tags"], one["default_model"]) == ("Release", ["#a", "#b"], "large")
    assert bot.ok("get_workstream", id=one["id"])["workstream"] == one
    changed = bot.ok("update_workstream", id=one["id"], state="archived", summary="")
    assert changed["changed"]
    assert (changed["workstream"]["state"], "summary" in changed["workstream"]) == (
        "archived",
        False,
    )
    assert bot.ok("set_tags", workstream_id=one["id"], tags=["x", "x"])["workstream"]["tags"] == [
        "x"
    ]
    assert bot.ok("get_tags", workstream_id=one["id"]) == {"kind": "tags", "tags": ["x"]}
    listed = bot.ok("list_workstreams", state="archived")["workstreams"]
    assert one["id"] in {w["id"] for w in listed}
    assert bot.ok("delete_workstream", id=one["id"]) == {"kind": "done"}
    assert bot.ok("delete_workstream", id=one["id"]) == {"kind": "done", "changed": False}
    assert bot.error("get_workstream", id=one["id"])["code"] == "not_found"


def test_scratch_is_there_and_cannot_be_taken_away(bots: Bots) -> None:
    bot = bots()
    scratch = bot.ok("ensure_scratch")["workstream"]
    assert (scratch["id"], scratch["is_scratch"]) == ("scratch", True)
    error = bot.error("delete_workstream", id="scratch")
    assert error["code"] == "denied"
    assert "scratch workstream stays" in error["message"]
    bot.ok("update_workstream", id="scratch", title="Odds", is_scratch=False)  # no such field
    assert bot.ok("get_workstream", id="scratch")["workstream"]["is_scratch"]


def test_scratch_is_there_after_every_start(own: Bots) -> None:
    bot = own.named("me")
    bot.ok("update_workstream", id="scratch", title="Odds and ends")
    session = bot.ok("create_session", id=new_id())["session"]
    own.daemon.kill()
    own.daemon.start()
    again = own.named("me")
    assert again.ok("get_workstream", id="scratch")["workstream"]["title"] == "Odds and ends"
    assert again.ok("get_session", id=session["id"])["session"] == session


BAD_TAGS = ["", "a b", "a\nb", "a\0", "x" * 65, "a,b", "\u200b", "e\u0301", "a\u202eb", "'; DROP"]


@pytest.mark.parametrize("tag", BAD_TAGS)
def test_a_tag_with_odd_characters_changes_nothing(bots: Bots, tag: str) -> None:
    bot = bots()
    one = made(bot, tags=["good"])
    for op, fields in {
        "set_tags": {"workstream_id": one["id"], "tags": ["fine", tag]},
        "create_workstream": {"id": new_id(), "title": "t", "tags": [tag]},
    }.items():
        error = bot.error(op, **fields)
        assert error["code"] == "invalid"
        assert "which is no tag" in error["message"]
    assert bot.ok("get_workstream", id=one["id"])["workstream"] == one


def test_a_tag_that_only_looks_like_another_is_told_apart(bots: Bots) -> None:
    error = bots().error("create_workstream", id=new_id(), title="t", tags=["e\u0301"])
    assert r"'e\u0301'" in error["message"]
    assert "normal form C" in error["message"]


def test_tags_of_any_script_are_kept(bots: Bots) -> None:
    bot = bots()
    tags = sorted(["#phase/done", "größe", "日本", "हिन्दी", "v1.2+x", "@me", "a:b-c_d"])
    one = made(bot, tags=tags)
    assert bot.ok("get_tags", workstream_id=one["id"])["tags"] == tags


@pytest.mark.parametrize(
    ("op", "fields", "word"),
    [
        ("create_workstream", {"title": "x" * 1_000_000}, "title"),
        ("create_workstream", {"title": ""}, "title"),
        ("create_workstream", {"title": "t", "state": "open"}, "state"),
        ("create_workstream", {"title": "t", "id": "scratch"}, "UUIDv7"),
        ("create_workstream", {"title": "t", "tags": ["x"] * 101}, "tags"),
        ("create_workstream", {"title": "t", "summary": "x" * 100_001}, "summary"),
        ("update_workstream", {"id": "scratch", "state": "gone"}, "state"),
        ("update_workstream", {"id": "Scratch"}, "UUIDv7"),
        ("set_tags", {"workstream_id": "scratch"}, "tags"),
        ("list_workstreams", {"before_id": new_id()}, "created_before"),
        ("list_workstreams", {"created_before": "yesterday"}, "RFC 3339"),
        ("list_workstreams", {"limit": 0}, "limit"),
        ("create_session", {"session_type": "bot"}, "peer_bot"),
        ("create_session", {"peer_bot": "x"}, "peer_bot"),
        ("create_session", {"session_type": "robot"}, "session_type"),
        ("end_session", {"turn_count": -1}, "turn_count"),
    ],
)
def test_bad_input_is_told_and_changes_nothing(
    bots: Bots, op: str, fields: Json, word: str
) -> None:
    bot = bots()
    before = bot.ok("list_workstreams")["workstreams"]
    error = bot.error(op, **{"id": new_id(), **fields})
    assert error["code"] == "invalid"
    assert word in error["message"]
    assert bot.ok("list_workstreams")["workstreams"] == before


def test_a_title_beyond_a_frame_is_too_large(bots: Bots) -> None:
    error = bots().error("create_workstream", id=new_id(), title="x" * 1_100_000)
    assert error["code"] == "too_large"


def test_ids_that_are_unknown_are_told(bots: Bots) -> None:
    bot = bots()
    unknown = new_id()
    requests: dict[str, Json] = {
        "get_workstream": {"id": unknown},
        "update_workstream": {"id": unknown, "title": "t"},
        "set_tags": {"workstream_id": unknown, "tags": []},
        "get_tags": {"workstream_id": unknown},
        "create_session": {"id": new_id(), "workstream_id": unknown},
        "get_session": {"id": unknown},
        "update_session": {"id": unknown, "compressed": True},
        "end_session": {"id": unknown},
    }
    for op, fields in requests.items():
        error = bot.error(op, **fields)
        assert (error["code"], unknown in error["message"]) == ("not_found", True), op
    peerless = {"session_type": "bot", "peer_bot": "never-seen"}
    assert bot.error("create_session", id=new_id(), **peerless)["code"] == "not_found"


def test_a_session_between_bots(bots: Bots) -> None:
    bot, peer = bots(), bots("peer")
    peer.ok("hello")
    one = made(bot)["id"]
    started = bot.ok(
        "create_session", id=new_id(), workstream_id=one, session_type="bot", peer_bot=peer.bot
    )["session"]
    assert (started["session_type"], started["peer_bot"]) == ("bot", peer.bot)
    listed = bot.ok("list_sessions", peer_bot=peer.bot, open=True)["sessions"]
    assert [session["id"] for session in listed] == [started["id"]]
    ended = bot.ok("end_session", id=started["id"], turn_count=3, summary="done")
    assert (ended["session"]["turn_count"], ended["changed"]) == (3, True)
    assert bot.ok("list_sessions", workstream_id=one, open=True)["sessions"] == []
    packed = bot.ok("update_session", id=started["id"], compressed=True)["session"]
    assert packed["compressed"]
    error = bot.error("end_session", id=started["id"], turn_count=4)
    assert error["code"] == "illegal_state"
    assert "update_session" in error["message"]


def test_a_conversation_is_read_back_in_order(bots: Bots) -> None:
    bot, peer = bots(), bots("peer")
    peer.ok("hello")
    session = bot.ok("create_session", id=new_id())["session"]["id"]
    said = []
    for n in range(4):
        one, other = (bot, peer) if n % 2 == 0 else (peer, bot)
        said.append(one.send(other.bot or "", {"n": n}, session_id=session)["id"])
        one.send(other.bot or "", "beside it")
    found = bot.ok("history", session_id=session, after=0)["messages"]
    assert [message["id"] for message in found] == said
    assert {message["session_id"] for message in found} == {session}
    newest = bot.ok("history", session_id=session, limit=1)["messages"]
    assert newest[0]["id"] == said[-1]
    assert peer.fetch()[0]["message"]["session_id"] == session
    unknown = bot.error("send", id=new_id(), to=peer.bot, body=1, session_id=new_id())
    assert unknown["code"] == "not_found"
    assert "session" in unknown["message"]


def test_what_was_said_outlives_its_session(bots: Bots) -> None:
    bot = bots()
    one = made(bot)["id"]
    session = bot.ok("create_session", id=new_id(), workstream_id=one)["session"]["id"]
    bot.send("somebody", "hello", session_id=session)
    bot.ok("delete_workstream", id=one)
    bot.send("somebody", "a late answer", session_id=session)
    found = bot.ok("history", session_id=session)["messages"]
    assert [message["body"] for message in found] == ["a late answer", "hello"]


def test_records_can_be_part_of_an_atomic_frame(bots: Bots) -> None:
    bot = bots()
    one, session = new_id(), new_id()
    good = [
        {"op": "create_workstream", "id": one, "title": "t"},
        {"op": "create_session", "id": session, "workstream_id": one},
        {"op": "send", "id": new_id(), "to": "x", "body": 1, "session_id": session},
    ]
    bad = {"op": "set_tags", "workstream_id": new_id(), "tags": []}
    replies = bot.ask(*good, bad, atomic=True)
    assert {reply["error"]["code"] for reply in replies} == {"not_found"}
    assert bot.error("get_workstream", id=one)["code"] == "not_found"
    assert all("ok" in reply for reply in bot.ask(*good, atomic=True))
    assert bot.ok("get_session", id=session)["session"]["workstream_id"] == one


def test_a_repeat_has_its_effect_once(bots: Bots) -> None:
    bot = bots()
    request = {"op": "create_workstream", "id": new_id(), "title": "t", "tags": ["a"]}
    first, second = bot.ask(request, request)
    assert first["ok"]["workstream"] == second["ok"]["workstream"]
    assert (first["ok"]["changed"], second["ok"].get("changed", False)) == (True, False)
    (other,) = bot.ask({**request, "title": "another"})
    assert other["error"]["code"] == "conflict"
    assert other["error"]["details"] == {"field": "title"}
