"""Conversations with a real daemon in plain msgpack and pynng, as a client in any language has them.

What is said stands here as bytes or as maps written by hand; no code of the project's speaks or
listens. Only what starts the daemon is its own.
"""

import ast
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgpack  # type: ignore[import-untyped]  # it has no types
import pynng
import pytest

from tests.daemons import DaemonProcess
from tests.protocol import by_hand
from tests.protocol.by_hand import dialled, done, hear, new_id, refused, say, told


@pytest.fixture
def planner(daemon: DaemonProcess) -> Iterator[pynng.Req0]:
    with dialled(daemon) as socket:
        yield socket


@pytest.fixture
def coder(daemon: DaemonProcess) -> Iterator[pynng.Req0]:
    with dialled(daemon) as socket:
        yield socket


def test_no_code_of_the_project_speaks_here() -> None:
    for path in (Path(__file__), Path(__file__).with_name("test_worker_by_hand.py")):
        assert own_imports(path) <= {"tests.daemons", "tests.protocol", "tests.protocol.by_hand"}
    assert own_imports(Path(by_hand.__file__)) == {"tests.daemons"}


def own_imports(path: Path) -> set[str]:
    """The modules of the project that a file takes something from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name for name in found if name.startswith(("botbus", "tests"))}


def test_hello(planner: pynng.Req0) -> None:
    planner.send(b"\x82\xa1v\x01\xa8requests\x91\x81\xa2op\xa5hello")
    (reply,) = hear(planner)
    welcome = reply["ok"]
    assert welcome["kind"] == "welcome"
    assert welcome["server"].startswith("botbus ")
    assert welcome["protocol"] == 1
    assert welcome["boot"] == 1
    assert welcome["limits"]["frame_bytes"] == 1024 * 1024
    assert welcome["limits"]["body_bytes"] == 256 * 1024
    assert welcome["limits"]["requests_per_frame"] == 1000


def test_a_plain_socket_will_do(daemon: DaemonProcess) -> None:
    """Two frames at once; the one that parks is answered last, and each answer tells whose it is."""
    greeting = bytes.fromhex("00 53 50 00 00 30 00 00")
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(20)
        plain.connect(str(daemon.socket))
        plain.sendall(greeting + in_plain(1, "fetch", wait=0.2) + in_plain(2, "hello"))
        heard = plain.makefile("rb")
        assert heard.read(8) == bytes.fromhex("00 53 50 00 00 31 00 00")
        first, second = out_of_plain(heard), out_of_plain(heard)
    assert (first[0], first[1]["ok"]["kind"]) == (2, "welcome")
    assert (second[0], second[1]["ok"]["deliveries"]) == (1, [])


def in_plain(number: int, op: str, **fields: float) -> bytes:
    frame: bytes = msgpack.packb({"v": 1, "bot": "plain", "requests": [{"op": op, **fields}]})
    message = (number | 1 << 31).to_bytes(4) + frame
    return b"\1" + len(message).to_bytes(8) + message


def out_of_plain(heard: BinaryIO) -> tuple[int, dict[str, Any]]:
    """The number of a frame, and the reply to its one request."""
    assert heard.read(1) == b"\1"
    message = heard.read(int.from_bytes(heard.read(8)))
    (reply,) = msgpack.unpackb(message[4:])["replies"]
    return int.from_bytes(message[:4]) & ~(1 << 31), reply


def test_send_fetch_and_ack(planner: pynng.Req0, coder: pynng.Req0) -> None:
    body = {"q": [1, 2.5, None, True, "ä"]}
    send = {"op": "send", "id": new_id(), "to": "coder", "body": body, "headers": {"a": "b"}}
    first, second = told(planner, "planner", send, send)
    assert first["ok"].items() >= {"kind": "receipt", "id": send["id"], "seq": 1}.items()
    assert first["ok"]["known"] is False
    assert second["ok"] == first["ok"] | {"duplicate": True}

    (delivery,) = done(coder, "coder", {"op": "fetch", "wait": 5})["deliveries"]
    message = delivery["message"]
    assert message["body"] == body
    assert message["headers"] == {"a": "b"}
    assert (message["seq"], message["id"], message["sender"]) == (1, send["id"], "planner")
    assert (delivery["attempt"], delivery["lease"]) == (1, "1.1")
    assert delivery["lease_expires_at"] > message["timestamp"]

    ack = {"op": "ack", "seq": 1, "lease": "1.1"}
    assert done(coder, "coder", ack) == {"kind": "done"}
    assert done(coder, "coder", ack) == {"kind": "done", "changed": False}
    assert done(coder, "coder", {"op": "fetch"}) == {"kind": "deliveries", "deliveries": []}


def test_a_channel_and_its_subscriber(planner: pynng.Req0, coder: pynng.Req0) -> None:
    made = done(planner, "planner", {"op": "create_channel", "name": "builds"})
    assert (made["kind"], made["channel"]["name"], made["created"]) == ("channel", "builds", True)
    subscribe = {"op": "subscribe", "channel": "builds"}
    assert done(coder, "coder", subscribe)["created"] is True
    assert "created" not in done(coder, "coder", subscribe)

    with coder.new_context() as waiting:
        say(waiting, "coder", {"op": "fetch", "wait": 15})
        publish = {"op": "publish", "id": new_id(), "channel": "builds", "body": "green"}
        receipt = done(planner, "planner", publish)
        assert (receipt["kind"], receipt.get("recipients", 1)) == ("receipt", 1)
        (reply,) = hear(waiting)
    (delivery,) = reply["ok"]["deliveries"]
    message = delivery["message"]
    assert (message["channel"], message["body"]) == ("builds", "green")
    assert "recipient" not in message

    channel = done(planner, None, {"op": "list_channels"})["channels"][-1]
    assert (channel["subscribers"], channel["last_seq"]) == (1, message["seq"])
    assert done(coder, "coder", {"op": "unsubscribe", "channel": "builds"}) == {"kind": "done"}


def test_a_question_and_its_answer_over_two_sockets(planner: pynng.Req0, coder: pynng.Req0) -> None:
    question = new_id()
    with planner.new_context() as asking:
        ask = {"op": "ask", "id": question, "to": "coder", "body": "status?", "timeout": 15}
        say(asking, "planner", ask)
        (delivery,) = done(coder, "coder", {"op": "fetch", "wait": 15})["deliveries"]
        reply = {"op": "send", "id": new_id(), "to": "planner", "body": "!", "reply_to": question}
        ack = {"op": "ack", "seq": delivery["message"]["seq"], "lease": delivery["lease"]}
        kinds = [r["ok"]["kind"] for r in told(coder, "coder", reply, ack, atomic=True)]
        assert kinds == ["receipt", "done"]
        (answered,) = hear(asking)
    answer = answered["ok"]
    assert answer["kind"] == "answer"
    assert answer["receipt"]["id"] == question
    assert answer["reply"]["body"] == "!"
    assert (answer["reply"]["reply_to"], answer["reply"]["thread"]) == (question, question)
    assert done(planner, "planner", {"op": "fetch"})["deliveries"] == []

    life = done(planner, None, {"op": "show_message", "id": question})
    assert [record["state"] for record in life["deliveries"]] == ["acked"]
    assert [reply["body"] for reply in life["replies"]] == ["!"]


def test_what_a_crash_left_open_is_said_again(daemon: DaemonProcess, planner: pynng.Req0) -> None:
    """The sentence of the page on how a client notices, and what it does then."""
    first = {"op": "send", "id": new_id(), "to": "planner", "body": 1}
    done(planner, "planner", first)
    (delivery,) = done(planner, "planner", {"op": "fetch"})["deliveries"]
    with planner.new_context() as waiting, planner.new_context() as late:
        say(waiting, "planner", {"op": "fetch", "wait": 15})
        say(planner, "planner", {"op": "hello"})
        hear(planner)  # by now the fetch is parked
        daemon.kill()
        with pytest.raises(pynng.ConnectionReset):
            waiting.recv()
        daemon.start()
        assert done(late, "planner", {"op": "hello"})["boot"] == 2
        assert done(late, "planner", first)["duplicate"] is True
        assert done(late, "planner", {"op": "ack", "seq": 1, "lease": delivery["lease"]})
        assert done(late, "planner", {"op": "fetch"})["deliveries"] == []


def test_an_atomic_frame_is_all_or_nothing(planner: pynng.Req0, coder: pynng.Req0) -> None:
    done(planner, "planner", {"op": "send", "id": new_id(), "to": "coder", "body": 1})
    (delivery,) = done(coder, "coder", {"op": "fetch", "wait": 5})["deliveries"]
    ack = {"op": "ack", "seq": delivery["message"]["seq"], "lease": delivery["lease"]}
    lost = {"op": "publish", "id": new_id(), "channel": "nowhere", "body": 1}
    for culprit, requests in ((1, [ack, lost]), (0, [lost, ack])):
        replies = told(coder, "coder", *requests, atomic=True)
        assert [reply["error"]["code"] for reply in replies] == ["not_found"] * 2
        assert [r["error"]["details"]["failed_request"] for r in replies] == [culprit] * 2
    assert done(coder, "coder", ack) == {"kind": "done"}  # it was not settled by either


def test_an_atomic_frame_with_a_part_that_is_no_request_does_nothing(planner: pynng.Req0) -> None:
    good = {"op": "send", "id": new_id(), "to": "coder", "body": 1}
    for wrong in ({"op": "send"}, {"op": "frobnicate"}, 7, {"op": "hello"}):
        replies = told(planner, "planner", good, wrong, atomic=True)
        assert [r["error"]["details"]["failed_request"] for r in replies] == [1, 1]
    assert "duplicate" not in done(planner, "planner", good)


def test_the_neighbours_of_what_fails_are_carried_out(planner: pynng.Req0) -> None:
    good = {"op": "send", "id": new_id(), "to": "coder", "body": 1}
    replies = told(planner, "planner", {"op": "frobnicate"}, good, {"op": "send"}, 7, good)
    codes = [reply.get("error", {}).get("code") for reply in replies]
    assert codes == ["unknown_op", None, "invalid", "invalid", None]
    assert replies[4]["ok"]["duplicate"] is True


def test_errors_of_requests(planner: pynng.Req0) -> None:
    bad = new_id()
    send = {"op": "send", "id": bad, "to": "coder", "body": 1}
    done(planner, "planner", send)
    for request, code in (
        ({**send, "body": 2}, "conflict"),
        ({**send, "id": new_id(), "body": b"\0"}, "invalid"),
        ({**send, "id": "1"}, "invalid"),
        ({**send, "id": new_id(), "to": "two words"}, "invalid"),
        ({**send, "id": new_id(), "body": "x" * 300_000}, "too_large"),
        ({**send, "id": new_id(), "reply_to": new_id()}, "not_found"),
        ({"op": "ack", "seq": 1, "lease": "1.1"}, "not_found"),
        ({"op": "subscribe", "channel": "nowhere"}, "not_found"),
    ):
        assert refused(planner, "planner", request)["code"] == code, request
    assert refused(planner, "other", {"op": "recall", "id": bad})["code"] == "denied"
    assert refused(planner, None, send)["code"] == "invalid"


def test_a_frame_that_is_refused_as_a_whole_gets_one_error(planner: pynng.Req0) -> None:
    hello = {"op": "hello"}
    assert refused(planner, None, hello, hello, v=2)["details"] == {"supported": [1]}
    assert refused(planner, "no name", hello, hello)["code"] == "invalid"
    assert refused(planner, None, *[hello] * 1001)["details"]["limit"] == "requests_per_frame"
    for data in (b"", b"GET / HTTP/1.1\r\n", msgpack.packb([hello]), msgpack.packb({"v": 1})):
        planner.send(data)
        (reply,) = hear(planner)
        assert reply["error"]["code"] == "bad_frame", data
    planner.send(bytes(2 * 1024 * 1024))
    (reply,) = hear(planner)
    assert reply["error"]["details"] == {"limit": "frame_bytes", "figure": 1024 * 1024}
    assert told(planner, None) == []
