"""`botbus policy check`."""

import os
import socket
from pathlib import Path

import pytest

import botbus
from tests.cli.command import Botbus
from tests.daemon.another_user import NOBODY, needs_root
from tests.daemons import DaemonProcess

run = Botbus("ipc:///nobody")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "botbus.toml"
    path.write_text('[[policy]]\nusers = ["daemon"]\nbots = ["ci-*"]\npublish = ["builds.*"]\n')
    return str(path)


def test_it_says_what_is_allowed_and_why(config: str) -> None:
    words = ["policy", "check", "--config", config, "--uid", "daemon", "--bot", "ci-1"]
    allowed = run(*words, "--do", "publish:builds.main")
    assert (allowed.code, allowed.out) == (
        0,
        "allowed: a rule lets them act as ci-1 and do that\n",
    )
    denied = run(*words, "--do", "publish:releases")
    assert denied.code == 1
    assert denied.err == "botbus: denied: no rule lets ci-1 publish to releases\n"
    told = run(*words, "--do", "send:planner", "--json")
    assert told.object == {"allowed": False, "why": "no rule lets ci-1 send to planner"}


@needs_root
def test_it_knows_whom_the_daemon_belongs_to(tmp_path: Path) -> None:
    path, config = tmp_path / "bus.sock", tmp_path / "botbus.toml"
    config.write_text(f'url = "ipc://{path}"\n')
    check = ("policy", "check", "--config", str(config), "--uid", str(NOBODY), "--do", "administer")
    asking = Botbus(f"ipc://{path}")
    assert asking(*check).code == 1
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        os.chown(path, NOBODY, NOBODY)
        assert asking(*check).out == "allowed: the daemon's own user and root may do everything\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--uid", "no-such-user"], "there is no user"),
        (["--uid", "1", "--do", "fly"], "--do fly: use one of"),
    ],
)
def test_what_cannot_be_asked_is_usage(config: str, words: list[str], sentence: str) -> None:
    refused = run("policy", "check", "--config", config, *words)
    assert refused.code == 2
    assert sentence in refused.err


@pytest.mark.parametrize(
    "words",
    [
        ["history", "--channel", "news"],
        ["tail", "--channel", "news", "--after", "0", "--count", "1"],
        ["bots", "--connected"],
        ["stats", "--json"],
        ["run", "list"],
    ],
)
def test_who_may_look_only_as_a_bot_says_as_which(daemon: DaemonProcess, words: list[str]) -> None:
    with botbus.connect_sync("editor", url=daemon.url) as bus:
        bus.create_channel("news")
        bus.publish("news", "something")
    botbus_ = Botbus(daemon.url)
    looked = botbus_(*words, "--from", "reader")
    assert looked.code == 0, looked.err
    with botbus.connect_sync(url=daemon.url) as bus:
        assert "reader" in {bot.name for bot in bus.bots()}
