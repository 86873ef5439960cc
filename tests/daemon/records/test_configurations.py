"""Configurations over the wire: types, conditions, secrets, and changes as messages."""

import threading
from typing import Any

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, new_id

SECRET = "hunter2-correct-horse"


def put(bot: Plain, key: str, value: Any, **fields: Any) -> Json:
    kept: Json = bot.ok("set_configuration", id=new_id(), key=key, value=value, **fields)
    return kept


def value_of(bot: Plain, key: str) -> Any:
    return bot.ok("get_configuration", key=key)["configuration"]["value"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [("t", "string"), (7, "integer"), (0.5, "float"), (True, "boolean"), ({"a": [1]}, "json")],
)
def test_a_value_comes_back_as_its_type(bots: Bots, value: Any, kind: str) -> None:
    bot, key = bots(), unique("key")
    put(bot, key, value)
    there = bot.ok("get_configuration", key=key)["configuration"]
    assert (there["value"], type(there["value"]), there["value_type"]) == (value, type(value), kind)
    assert bot.ok("unset_configuration", id=new_id(), key=key) == {"kind": "done"}
    assert bot.error("get_configuration", key=key)["code"] == "not_found"


def test_a_value_of_another_type_is_told_without_it(bots: Bots) -> None:
    bot, key = bots(), unique("port")
    put(bot, key, 8080)
    for value in (SECRET, 1.5, True, [SECRET]):
        error = bot.error("set_configuration", id=new_id(), key=key, value=value)
        assert error["code"] == "invalid"
        assert f"{key} is of type integer, and the value given is a" in error["message"]
        assert SECRET not in str(error)
    assert value_of(bot, key) == 8080
    error = bot.error("set_configuration", id=new_id(), key=key, value=1, value_type="boolean")
    assert "the value given is an integer" in error["message"]
    put(bot, key, 80, value_type="float")
    assert isinstance(value_of(bot, key), float)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"value": None}, "unset the key"),
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "ключ"}, "key"),
        ({"key": "x" * 257}, "key"),
        ({"value": b"x"}, "base64"),
        ({"value": float("inf")}, "value"),
        ({"value_type": "text"}, "value_type"),
        ({"if_absent": True, "if_value": 1}, "one of them"),
        ({"id": "1"}, "UUIDv7"),
    ],
)
def test_bad_input_is_told(bots: Bots, fields: Json, word: str) -> None:
    bot = bots()
    error = bot.error("set_configuration", **{"id": new_id(), "key": "k", "value": 1, **fields})
    assert error["code"] == "invalid"
    assert word in error["message"]
    assert bot.error("get_configuration", key="k")["code"] == "not_found"


def test_a_value_beyond_the_limit_is_too_large(bots: Bots) -> None:
    error = bots().error("set_configuration", id=new_id(), key="k", value="x" * 300_000)
    assert error["code"] == "too_large"


def test_a_change_can_depend_on_what_was_read(bots: Bots) -> None:
    bot, key = bots(), unique("leader")
    assert put(bot, key, "me", if_absent=True)["changed"]
    for condition in ({"if_absent": True}, {"if_value": "you"}):
        fields = {"id": new_id(), "key": key, "value": "other", **condition}
        assert bot.error("set_configuration", **fields)["code"] == "conflict"
    put(bot, key, "other", if_value="me")
    error = bot.error("unset_configuration", id=new_id(), key=key, if_value="me")
    assert error["code"] == "conflict"
    assert value_of(bot, key) == "other"


def test_of_many_who_compare_and_set_one_wins_each_time(bots: Bots) -> None:
    key, rounds = unique("counter"), 5
    put(bots(), key, 0)

    def count(bot: Plain) -> None:
        for _ in range(rounds):
            while True:
                seen = value_of(bot, key)
                change = {"id": new_id(), "key": key, "value": seen + 1, "if_value": seen}
                (reply,) = bot.ask({"op": "set_configuration", **change})
                if "ok" in reply:
                    break

    threads = [threading.Thread(target=count, args=(bots(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value_of(bots(), key) == 4 * rounds


def test_a_repeated_change_is_made_once(bots: Bots) -> None:
    bot, key = bots(), unique("key")
    put(bot, key, 1)
    change = {"op": "set_configuration", "id": new_id(), "key": key, "value": 2, "if_value": 1}
    (first,) = bot.ask(change)
    assert first["ok"]["changed"]
    put(bot, key, 3)
    (second,) = bot.ask(change)
    assert second["ok"]["configuration"]["value"] == 3
    assert not second["ok"].get("changed", False)


def test_the_id_of_one_change_is_not_taken_for_another(bots: Bots) -> None:
    bot, change = bots(), new_id()
    one, other = unique("key"), unique("key")
    put(bot, other, 1)
    bot.ok("set_configuration", id=change, key=one, value=1)
    for op, fields in {"set_configuration": {"value": 2}, "unset_configuration": {}}.items():
        error = bot.error(op, id=change, key=other, **fields)
        assert (error["code"], f"a change of {one}" in error["message"]) == ("conflict", True)
    assert value_of(bot, other) == 1


def test_changes_come_to_whoever_is_subscribed_and_whoever_watches(bots: Bots) -> None:
    bot, reader, watcher = bots(), bots("reader"), bots.named(None)
    reader.ok("subscribe", channel="botbus.config")
    parked = watcher.parked({"op": "tail", "channel": "botbus.config", "wait": 20})
    watcher.ok("hello")
    key = unique("app.level")
    put(bot, key, "debug")
    (seen,) = parked.reply()["ok"]["messages"]
    assert (seen["sender"], seen["channel"]) == ("botbus", "botbus.config")
    told = {"key": key, "value_type": "string", "is_secret": False, "by": bot.bot}
    assert (seen["type"], seen["body"]) == ("config.set", {**told, "value": "debug"})
    bot.ok("unset_configuration", id=new_id(), key=key)
    bodies = [delivery["message"]["body"] for delivery in reader.fetch()]
    bodies += [] if len(bodies) == 2 else [d["message"]["body"] for d in reader.fetch()]
    assert bodies == [{**told, "value": "debug"}, told]


def test_changes_wait_for_a_subscriber_that_is_away(own: Bots) -> None:
    reader = own.named("reader")
    reader.ok("subscribe", channel="botbus.config")
    reader.close()
    put(own.named("operator"), "k", 1)
    own.daemon.kill()
    own.daemon.start()
    (delivery,) = own.named("reader").fetch()
    assert delivery["message"]["body"]["key"] == "k"


def test_a_list_is_by_key_with_prefix_and_page(bots: Bots) -> None:
    bot, app = bots(), unique("app")
    for name in ("c", "a", "b"):
        put(bot, f"{app}.{name}", name)

    def keys(**fields: Any) -> list[str]:
        found = bot.ok("list_configurations", prefix=f"{app}.", **fields)["configurations"]
        return [configuration["key"].removeprefix(f"{app}.") for configuration in found]

    assert keys() == ["a", "b", "c"]
    assert keys(limit=1, after=f"{app}.a") == ["b"]
    assert keys(value_type="integer") == []
    assert bot.error("list_configurations", prefix="a b")["code"] == "invalid"


def test_a_secret_is_in_no_answer_but_that_to_its_get(own: Bots) -> None:
    bot, watcher = own.named("operator"), own.named(None)
    parked = watcher.parked({"op": "tail", "wait": 20})
    watcher.ok("hello")
    answers: list[Any] = []
    for fields in (
        {"value": SECRET, "is_secret": True},
        {"value": SECRET},
        {"value": SECRET + "3", "description": "the key"},
        {"value": 7, "value_type": "string"},
        {"value": SECRET, "value_type": "integer"},
        {"value": [SECRET], "if_value": SECRET},
        {"value": SECRET, "if_absent": True},
        {"value": {SECRET: b"x"}, "value_type": "boolean"},
    ):
        request = {"op": "set_configuration", "id": new_id(), "key": "api.key", **fields}
        answers.append(bot.ask(request))
    answers.append(bot.ok("list_configurations"))
    answers.append(bot.ok("history", channel="botbus.config"))
    answers.append(parked.reply())
    unset = {"op": "unset_configuration", "id": new_id(), "key": "api.key", "if_value": SECRET}
    answers.append(bot.ask(unset))
    assert [answer for answer in answers if SECRET in str(answer)] == []
    assert value_of(bot, "api.key") == SECRET + "3"
    raw = watcher.raw(watcher.frame({"op": "list_configurations"}))
    assert SECRET not in str(raw)
    own.daemon.stop()
    assert SECRET not in own.daemon.log()


def test_what_was_told_is_not_told_again_when_it_becomes_a_secret(bots: Bots) -> None:
    bot, key = bots(), unique("key")
    put(bot, key, "open")
    put(bot, key, SECRET, is_secret=True)
    (listed,) = bot.ok("list_configurations", prefix=key, is_secret=True)["configurations"]
    assert "value" not in listed
    history = bot.ok("history", channel="botbus.config", limit=2)["messages"]
    assert SECRET not in str(history)
