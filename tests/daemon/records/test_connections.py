"""The record of connections: the daemon's own clients, and those that others register."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, new_id


def listed(bot: Plain, **fields: Any) -> list[Json]:
    found: list[Json] = bot.ok("list_connections", **fields)["connections"]
    return found


def once(look: Callable[[], list[Json]], seconds: float = 10.0) -> Json:
    """The one connection that is found; it is written a moment after it came or went."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (one,) = found
    return one


def test_a_client_is_recorded_with_what_the_kernel_says_of_it(bots: Bots) -> None:
    bot, watcher = bots(), bots.named(None)
    bot.ok("hello")
    here = once(lambda: listed(watcher, client_id=bot.bot))
    assert (here["connection_type"], here.get("is_active", True)) == ("ipc", True)
    assert here["user_id"] == str(os.getuid())
    assert here["metadata"] == {"pid": os.getpid(), "gid": os.getgid(), "bots": [bot.bot]}
    assert here["created_at"] <= here["last_heartbeat"]
    assert watcher.ok("get_connection", id=here["id"])["connection"]["client_id"] == bot.bot
    bot.close()
    gone = once(lambda: listed(watcher, client_id=bot.bot, is_active=False))
    assert (gone["id"], gone["is_active"]) == (here["id"], False)
    assert gone["last_heartbeat"] >= here["created_at"]
    assert listed(watcher, client_id=bot.bot, is_active=True) == []


def test_one_who_only_watches_is_known_by_its_process(bots: Bots) -> None:
    watcher = bots.named(None)
    watcher.ok("hello")
    name = f"pid:{os.getpid()}"
    assert (
        once(lambda: listed(watcher, client_id=name, is_active=True)[:1])["metadata"]["bots"] == []
    )


def test_every_bot_of_a_connection_is_told(bots: Bots) -> None:
    bot, names = bots(), {unique("one"), unique("two")}
    bot.ok("hello")
    once(lambda: listed(bot, client_id=bot.bot))
    for name in names:
        bot.ask({"op": "hello"}, bot=name)
    here = once(
        lambda: [c for c in listed(bot, client_id=bot.bot) if len(c["metadata"]["bots"]) == 3]
    )
    assert set(here["metadata"]["bots"]) == {bot.bot, *names}


def test_nobody_is_connected_after_a_crash(own: Bots) -> None:
    first = own.named("first")
    web = first.ok("register_connection", id=new_id(), client_id="w", connection_type="http")
    once(lambda: listed(first, client_id="first"))
    own.daemon.kill()
    first.close()
    own.daemon.start()
    watcher = own.named("watcher")
    (gone,) = listed(watcher, client_id="first")
    assert not gone["is_active"]
    assert not watcher.ok("get_connection", id=web["connection"]["id"])["connection"]["is_active"]
    back = watcher.ok("heartbeat_connection", id=web["connection"]["id"])
    assert back["connection"].get("is_active", True)


def test_a_daemon_that_stops_says_that_everybody_is_gone(own: Bots) -> None:
    own.named("first").ok("hello")
    own.daemon.stop()
    own.daemon.start()
    (gone,) = listed(own.named(None), client_id="first")
    assert not gone["is_active"]


def test_a_registered_one_is_inactive_once_it_falls_silent(bots: Bots) -> None:
    bot = bots()
    given = {"client_id": unique("web"), "connection_type": "websocket", "heartbeat_secs": 0.5}
    one = bot.ok("register_connection", id=new_id(), metadata={"a": 1}, user_id="7", **given)
    connection = beat = one["connection"]
    assert (connection["user_id"], connection["metadata"]) == ("7", {"a": 1})
    for _ in range(4):
        time.sleep(0.25)
        beat = bot.ok("heartbeat_connection", id=connection["id"])["connection"]
        assert beat["expires_at"] > connection["expires_at"]
    gone = once(lambda: listed(bot, client_id=given["client_id"], is_active=False))
    assert gone["last_heartbeat"] == beat["last_heartbeat"]
    assert gone["updated_at"] >= gone["expires_at"]


def test_a_registered_one_can_be_closed(bots: Bots) -> None:
    bot = bots()
    id_ = new_id()
    bot.ok("register_connection", id=id_, client_id="c", connection_type="grpc")
    assert not bot.ok("close_connection", id=id_)["connection"]["is_active"]
    assert bot.ok("close_connection", id=id_).get("changed", False) is False


@pytest.mark.parametrize(
    ("op", "fields", "code", "word"),
    [
        ("register_connection", {"connection_type": "ipc"}, "invalid", "connection_type"),
        ("register_connection", {"connection_type": "carrier pigeon"}, "invalid", "type"),
        ("register_connection", {"client_id": ""}, "invalid", "client_id"),
        ("register_connection", {"heartbeat_secs": 0}, "invalid", "heartbeat_secs"),
        ("register_connection", {"metadata": b"x"}, "invalid", "base64"),
        ("heartbeat_connection", {}, "not_found", "register it first"),
        ("close_connection", {}, "not_found", "register it first"),
        ("get_connection", {}, "not_found", "connection"),
    ],
)
def test_bad_input_is_told(bots: Bots, op: str, fields: Json, code: str, word: str) -> None:
    base: Json = {"id": new_id()}
    if op == "register_connection":
        base |= {"client_id": "c", "connection_type": "http"}
    error = bots().error(op, **{**base, **fields})
    assert error["code"] == code
    assert word in error["message"]


def test_the_daemons_own_clients_are_nobody_elses_business(bots: Bots) -> None:
    bot = bots()
    bot.ok("hello")
    here = once(lambda: listed(bot, client_id=bot.bot))
    for op in ("heartbeat_connection", "close_connection"):
        assert bot.error(op, id=here["id"])["code"] == "denied"
