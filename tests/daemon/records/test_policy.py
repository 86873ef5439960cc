"""Configurations and their secrets, to another user of the host: as the policy says."""

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
bots = ["guest"]
configure = ["guest.*", "blind.*"]
reveal = ["guest.token"]
read = ["botbus.config"]

[[policy]]
users = [{NOBODY}]
bots = ["worker"]
work = true
"""
ATTEMPTS = """
did = {}
def attempt(what, deed):
    try:
        did[what] = deed()
    except botbus.BusError as error:
        did[what] = error.code
"""
STRANGER = """
with botbus.connect_sync(sys.argv[2], url=sys.argv[1], timeout=5) as bus:
    attempt("its secret", lambda: bus.configurations.get("guest.token").value)
    attempt("another's secret", lambda: bus.configurations.get("boss.token").value)
    attempt("what is no secret", lambda: bus.configurations.get("level").value)
    attempt("list", lambda: [c.value for c in bus.configurations.list()])
    attempt("set its own", lambda: bus.configurations.set("guest.level", 1).value)
    attempt("set another", lambda: bus.configurations.set("level", 1).value)
    attempt("unset another", lambda: bus.configurations.unset("boss.token"))
    attempt("watch", lambda: bool(bus.history(channel="botbus.config")))
    attempt("work", lambda: bus.tasks.create("t", "script").title)
    attempt("delete", lambda: bus.workstreams.delete("scratch"))
    attempt("connections", lambda: bus.connections.list())
print(json.dumps(did))
"""
GUESSER = """
from botbus.requesting import checked, encoded
from botbus_protocol.grammar import new_id
from botbus_protocol.requests import SetConfiguration
def set_and_take_back(guess):
    change = new_id()
    with bus.atomic() as frame:
        for key, value in {"blind.token": guess, "blind.level": 1}.items():
            change_it = checked(SetConfiguration, id=change, key=key, value=encoded(value, "value"))
            frame.add(change_it, lambda reply: reply)
    return "it was so already"
with botbus.connect_sync("guest", url=sys.argv[1], timeout=5) as bus:
    config = bus.configurations
    for guess in ("hunter4", "nonsense"):
        attempt(f"set {guess}", lambda: config.set("blind.token", "mine", if_value=guess))
        attempt(f"unset {guess}", lambda: config.unset("blind.token", if_value=guess))
        attempt(f"try {guess}", lambda: set_and_take_back(guess))
    attempt("one that it may get", lambda: config.set("guest.token", "x", if_value="hunter2").key)
    attempt("what is no secret", lambda: config.set("blind.open", 2, if_value=1).value)
    attempt("blindly", lambda: config.set("blind.token", "hunter5").key)
print(json.dumps(did))
"""

pytestmark = needs_root


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with open_daemon(POLICY) as running:
        with botbus.connect_sync("boss", url=running.url) as bus:
            bus.configurations.set("guest.token", "hunter2", is_secret=True)
            bus.configurations.set("boss.token", "hunter3", is_secret=True)
            bus.configurations.set("blind.token", "hunter4", is_secret=True)
            bus.configurations.set("level", "info")
        yield running


def test_a_secret_is_for_whom_the_policy_lets(daemon: DaemonProcess) -> None:
    assert json.loads(as_nobody(ATTEMPTS + STRANGER, daemon.url, "guest")) == {
        "its secret": "hunter2",
        "another's secret": "denied",
        "what is no secret": "info",
        "list": [None, None, None, "info"],
        "set its own": 1,
        "set another": "denied",
        "unset another": "denied",
        "watch": True,
        "work": "denied",
        "delete": "denied",
        "connections": "denied",
    }
    assert "hunter" not in daemon.log()
    assert "no rule lets guest get the secret boss.token" in daemon.log()


def test_guesses_at_a_secret_are_told_nothing(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("boss", url=daemon.url) as bus:
        bus.configurations.set("blind.open", 1)
        assert json.loads(as_nobody(ATTEMPTS + GUESSER, daemon.url)) == {
            "set hunter4": "denied",
            "unset hunter4": "denied",
            "try hunter4": "conflict",
            "set nonsense": "denied",
            "unset nonsense": "denied",
            "try nonsense": "conflict",
            "one that it may get": "guest.token",
            "what is no secret": 2,
            "blindly": "blind.token",
        }
        assert bus.configurations.get("blind.token").value == "hunter5"
    assert "hunter" not in daemon.log()


def test_who_works_keeps_the_records_of_work(daemon: DaemonProcess) -> None:
    did = json.loads(as_nobody(ATTEMPTS + STRANGER, daemon.url, "worker"))
    assert (did["work"], did["its secret"], did["watch"]) == ("t", "denied", "denied")
