"""A conversation with a real daemon in plain msgpack and pynng, as a client in another language has it.

What is sent stands here as bytes or as maps written by hand; nothing of the project's code speaks.
"""

import ast
import sys
from pathlib import Path

import msgpack  # type: ignore[import-untyped]  # it has no types
import pynng
import pytest

from tests.daemon.plain import Plain, new_id
from tests.daemons import DaemonProcess


def test_no_code_of_the_project_speaks_here() -> None:
    for name in ("tests.daemon.plain", __name__):
        tree = ast.parse(Path(str(sys.modules[name].__file__)).read_text())
        imported = [
            ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)
        ]
        assert not [line for line in imported if "botbus" in line]


def test_a_conversation(daemon: DaemonProcess) -> None:
    socket = pynng.Req0(dial=daemon.url, recv_timeout=10_000)
    hello = b"\x82\xa1v\x01\xa8requests\x91\x81\xa2op\xa5hello"
    socket.send(hello)
    welcome = msgpack.unpackb(socket.recv())["replies"][0]["ok"]
    assert welcome["kind"] == "welcome"
    assert welcome["server"].startswith("botbus ")
    assert welcome["limits"]["frame_bytes"] == 1024 * 1024

    question = new_id()
    send = {"op": "send", "id": question, "to": "coder", "body": {"q": [1, 2.5, None, "ä"]}}
    socket.send(msgpack.packb({"v": 1, "bot": "planner", "requests": [send, send]}))
    first, second = msgpack.unpackb(socket.recv())["replies"]
    assert first["ok"]["kind"] == second["ok"]["kind"] == "receipt"
    assert first["ok"]["seq"] == second["ok"]["seq"] == 1
    assert second["ok"]["duplicate"] is True
    assert first["ok"]["known"] is False

    socket.send(msgpack.packb({"v": 1, "bot": "coder", "requests": [{"op": "fetch", "wait": 5}]}))
    (delivery,) = msgpack.unpackb(socket.recv())["replies"][0]["ok"]["deliveries"]
    assert delivery["message"]["body"] == {"q": [1, 2.5, None, "ä"]}
    assert delivery["lease"] == "1.1"

    settled = [
        {"op": "send", "id": new_id(), "to": "planner", "body": "!", "reply_to": question},
        {"op": "ack", "seq": 1, "lease": "1.1"},
    ]
    frame = {"v": 1, "bot": "coder", "atomic": True, "requests": settled}
    socket.send(msgpack.packb(frame))
    assert [r["ok"]["kind"] for r in msgpack.unpackb(socket.recv())["replies"]] == [
        "receipt",
        "done",
    ]

    socket.send(msgpack.packb({"v": 1, "requests": [{"op": "show_message", "id": question}]}))
    life = msgpack.unpackb(socket.recv())["replies"][0]["ok"]
    assert [record["state"] for record in life["deliveries"]] == ["acked"]
    assert [reply["body"] for reply in life["replies"]] == ["!"]

    socket.send(msgpack.packb({"v": 1, "bot": "coder", "requests": [{"op": "frobnicate"}]}))
    assert msgpack.unpackb(socket.recv())["replies"][0]["error"]["code"] == "unknown_op"
    socket.close()


@pytest.mark.parametrize("number", ["float", "int"])
def test_numbers_may_be_integers_or_floats_where_spans_are_meant(
    number: str, daemon: DaemonProcess
) -> None:
    wait = 0 if number == "int" else 0.0
    with Plain(daemon, "a") as client:
        assert client.ok("fetch", wait=wait, lease=5)["deliveries"] == []


ACTING: dict[str, dict[str, object]] = {
    "send": {"to": "b", "body": 1},
    "publish": {"channel": "c", "body": 1},
    "ask": {"to": "b", "body": 1, "timeout": 0},
    "recall": {},
    "fetch": {},
    "cancel_fetch": {"ticket": "t"},
    "peek": {},
    "ack": {"seq": 1, "lease": "1.1"},
    "nak": {"seq": 1, "lease": "1.1"},
    "extend": {"seq": 1, "lease": "1.1", "seconds": 5},
    "term": {"seq": 1, "lease": "1.1", "reason": ""},
    "create_channel": {"name": "c"},
    "subscribe": {"channel": "c"},
    "unsubscribe": {"channel": "c"},
    "list_subscriptions": {},
}
WATCHING: dict[str, dict[str, object]] = {
    "hello": {},
    "list_channels": {},
    "get_channel": {"name": "made"},
    "list_subscriptions": {"bot": "maker"},
    "list_subscribers": {"channel": "made"},
    "history": {"channel": "made"},
    "tail": {},
    "list_bots": {},
    "list_dead": {},
    "replay_dead": {"bot": "maker"},
    "drop_dead": {"bot": "maker"},
}


def test_who_acts_has_a_name_and_who_watches_needs_none(daemon: DaemonProcess) -> None:
    with Plain(daemon, "maker") as maker, Plain(daemon) as watcher:
        maker.ok("create_channel", name="made")
        for op, fields in ACTING.items():
            error = watcher.error(op, **{"id": new_id(), **fields})
            assert error["code"] == "invalid", op
            assert "name one in the frame's bot" in error["message"]
        for op, fields in WATCHING.items():
            assert watcher.ok(op, **fields)["kind"], op
        assert watcher.error("show_message", id=new_id())["code"] == "not_found"
        names = [bot["name"] for bot in watcher.ok("list_bots")["bots"]]
        assert names == ["maker"]
