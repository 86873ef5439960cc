"""A daemon that another user of the host speaks to: only as the policy says."""

import json
from collections.abc import Iterator

import pytest

import botbus
from tests.daemon.another_user import NOBODY, as_nobody, needs_root, open_daemon
from tests.daemons import DaemonProcess

POLICY = f"""
socket_mode = "0666"

[[policy]]
users = [{NOBODY}]
bots = ["guest-*"]
send = ["desk"]
publish = ["news"]
read = ["news"]
"""
STRANGER = """
url, name = sys.argv[1], sys.argv[2] or None
did = {}
def attempt(what, deed):
    try:
        deed()
        did[what] = "done"
    except botbus.BusError as error:
        did[what] = error.code
try:
    with botbus.connect_sync(name, url=url, timeout=5) as bus:
        attempt("send", lambda: bus.send("desk", 1))
        attempt("send to another", lambda: bus.send("boss", 1))
        attempt("publish", lambda: bus.publish("news", 1))
        attempt("publish elsewhere", lambda: bus.publish("secrets", 1))
        attempt("subscribe", lambda: bus.subscribe("news"))
        attempt("read a channel", lambda: bus.history(channel="news"))
        attempt("read its own", lambda: bus.history(between=(name, "desk")))
        attempt("read of others", lambda: bus.history(between=("boss", "desk")))
        attempt("fetch", lambda: bus.fetch())
        attempt("tail", lambda: next(iter(bus.tail())))
        attempt("replay", lambda: bus.replay_dead("desk"))
except botbus.BusError as error:
    did["connect"] = error.code
print(json.dumps(did))
"""

pytestmark = needs_root


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with open_daemon(POLICY) as running:
        with botbus.connect_sync("boss", url=running.url) as bus:
            bus.create_channel("news")
            bus.create_channel("secrets")
            bus.send("desk", "between us")
        yield running


def stranger(daemon: DaemonProcess, name: str) -> dict[str, str]:
    """What another user's process was let do, speaking as a bot."""
    found: dict[str, str] = json.loads(as_nobody(STRANGER, daemon.url, name))
    return found


def test_another_user_may_do_what_the_policy_says_and_no_more(daemon: DaemonProcess) -> None:
    assert stranger(daemon, "guest-1") == {
        "send": "done",
        "send to another": "denied",
        "publish": "done",
        "publish elsewhere": "denied",
        "subscribe": "denied",
        "read a channel": "done",
        "read its own": "done",
        "read of others": "denied",
        "fetch": "done",
        "tail": "denied",
        "replay": "denied",
    }
    with botbus.connect_sync("desk", url=daemon.url) as bus:
        senders = [delivery.message.sender for delivery in bus.fetch(max=10)]
        assert senders == ["boss", "guest-1"]
    assert f"denied to uid {NOBODY}" in daemon.log()


@pytest.mark.parametrize("name", ["boss", "desk", ""])
def test_another_user_may_not_speak_as_a_bot_that_no_rule_gives(
    daemon: DaemonProcess, name: str
) -> None:
    assert stranger(daemon, name) == {"connect": "denied"}


def test_without_a_word_nobody_else_opens_the_socket() -> None:
    with open_daemon() as daemon:
        assert daemon.socket.stat().st_mode & 0o777 == 0o600
        assert stranger(daemon, "guest-1") == {"connect": "unavailable"}


def test_an_atomic_frame_is_denied_as_a_whole(daemon: DaemonProcess) -> None:
    code = """
with botbus.connect_sync("guest-1", url=sys.argv[1]) as bus:
    try:
        with bus.atomic() as frame:
            frame.send("desk", "kept?")
            frame.publish("secrets", "no")
    except botbus.Denied as error:
        print(error.details["failed_request"])
"""
    assert as_nobody(code, daemon.url) == "1\n"
    with botbus.connect_sync("desk", url=daemon.url) as bus:
        assert [message.body for message in bus.peek()] == ["between us"]
