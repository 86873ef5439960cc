"""To speak with a daemon in plain msgpack and pynng: nothing here knows the project's code."""

import time
from typing import Any
from uuid import UUID, uuid4

import msgpack  # type: ignore[import-untyped]  # it has no types
import pynng

from tests.daemons import DaemonProcess

Json = dict[str, Any]
Socket = Any  # pynng has no types: a socket, or a context of one


def dialled(daemon: DaemonProcess) -> pynng.Req0:
    return pynng.Req0(dial=daemon.url, recv_timeout=20_000, resend_time=-1)


def new_id() -> str:
    bits = uuid4().int & ~(0xFFFF_FFFF_FFFF << 80) & ~(0xF << 76)
    return str(UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | bits))


def say(socket: Socket, bot: str | None, *requests: Any, **frame: Any) -> None:
    socket.send(msgpack.packb({"v": 1, "bot": bot, "requests": requests, **frame}))


def hear(socket: Socket) -> list[Json]:
    answer = msgpack.unpackb(socket.recv())
    assert answer.keys() == {"v", "replies"}
    assert answer["v"] == 1
    replies: list[Json] = answer["replies"]
    return replies


def told(socket: Socket, bot: str | None, *requests: Any, **frame: Any) -> list[Json]:
    say(socket, bot, *requests, **frame)
    return hear(socket)


def done(socket: Socket, bot: str | None, request: Json) -> Json:
    """The reply to the only request of a frame."""
    (reply,) = told(socket, bot, request)
    assert reply.keys() == {"ok"}, reply
    ok: Json = reply["ok"]
    return ok


def refused(socket: Socket, bot: str | None, *requests: Json, **frame: Any) -> Json:
    """The only error that a frame is answered with."""
    (reply,) = told(socket, bot, *requests, **frame)
    assert reply.keys() == {"error"}, reply
    error: Json = reply["error"]
    assert len(error["message"]) > 10
    return error
