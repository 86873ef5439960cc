"""A client in plain msgpack and pynng: it says whatever a test wants said, right or wrong.

Nothing of the project's code is used to speak, so what a test sees is what a client in another language
would see.
"""

import time
import uuid
from types import TracebackType
from typing import Any, Self

import msgpack  # type: ignore[import-untyped]  # it has no types
import pynng

from tests.daemons import DaemonProcess

Json = dict[str, Any]
MILLISECONDS = 20_000
"""How long an answer may take before a test gives up."""


def new_id() -> str:
    """A UUIDv7 in lower-case text."""
    stamp = time.time_ns() // 1_000_000
    number = (stamp << 80) | (uuid.uuid4().int & ((1 << 80) - 1))
    number = (number & ~(0xF << 76)) | (0x7 << 76)
    number = (number & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=number))


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def unpack(data: bytes) -> Any:
    return msgpack.unpackb(data)


class Parked:
    """A frame that was sent and whose answer is read later."""

    def __init__(self, client: "Plain", data: bytes) -> None:
        self._client = client
        self._context = client.socket.new_context()
        client.out.add(self)
        self._context.send(data)

    def answer(self) -> Json:
        """Waits for the answer. Raises pynng.NNGException if there comes none."""
        try:
            answer: Json = unpack(self._context.recv())
            return answer
        finally:
            self.drop()

    def reply(self) -> Json:
        """Waits for the answer to a frame of one request."""
        (reply,) = self.answer()["replies"]
        assert isinstance(reply, dict)
        return reply

    def drop(self) -> None:
        """Waits no more."""
        self._client.out.discard(self)
        self._context.close()


class Plain:
    """One connection. Requests are maps; `bot` is who speaks, None for one who only watches."""

    def __init__(self, daemon: DaemonProcess, bot: str | None = None) -> None:
        self.bot = bot
        self.out: set[Parked] = set()
        self.socket = pynng.Req0(recv_timeout=MILLISECONDS, send_timeout=MILLISECONDS)
        self.socket.recv_max_size = 0
        self.socket.resend_time = -1
        self.socket.reconnect_time_min = 10
        self.socket.reconnect_time_max = 100
        self.socket.dial(daemon.url, block=True)

    def frame(self, *requests: Any, atomic: bool = False, **fields: Any) -> bytes:
        frame = {"v": 1, "bot": self.bot, "atomic": atomic, "requests": list(requests)}
        return pack(frame | fields)

    def raw(self, data: bytes) -> Json:
        """The answer to any bytes. Raises pynng.NNGException if there comes none."""
        return self.park(data).answer()

    def park(self, data: bytes) -> Parked:
        return Parked(self, data)

    def parked(self, request: Json) -> Parked:
        """Sends a request without waiting; what is said on this connection next comes later."""
        return self.park(self.frame(request))

    def ask(self, *requests: Any, atomic: bool = False, **fields: Any) -> list[Json]:
        """The replies to a frame."""
        answer = self.raw(self.frame(*requests, atomic=atomic, **fields))
        assert answer["v"] == 1
        replies: list[Json] = answer["replies"]
        return replies

    def ok(self, op: str, **fields: Any) -> Json:
        """The reply to a request that must succeed."""
        (reply,) = self.ask({"op": op, **fields})
        assert "ok" in reply, reply
        ok: Json = reply["ok"]
        return ok

    def error(self, op: str, **fields: Any) -> Json:
        """The error of a request that must be refused."""
        (reply,) = self.ask({"op": op, **fields})
        return error_of(reply)

    def send(self, to: str, body: Any = None, **fields: Any) -> Json:
        return self.ok("send", id=fields.pop("id", None) or new_id(), to=to, body=body, **fields)

    def letter(self, to: str, body: Any = None, **fields: Any) -> Json:
        """A send as a request."""
        return {"op": "send", "id": new_id(), "to": to, "body": body, **fields}

    def publish(self, channel: str, body: Any = None, **fields: Any) -> Json:
        id_ = fields.pop("id", None) or new_id()
        return self.ok("publish", id=id_, channel=channel, body=body, **fields)

    def fetch(self, **fields: Any) -> list[Json]:
        """Deliveries; waits for a while unless it is told otherwise."""
        deliveries: list[Json] = self.ok("fetch", **{"wait": 10.0, "max": 100, **fields})[
            "deliveries"
        ]
        return deliveries

    def verdict(self, op: str, delivery: Json, **fields: Any) -> Json:
        """ack, nak, extend or term as a request."""
        return {"op": op, "seq": delivery["message"]["seq"], "lease": delivery["lease"], **fields}

    def refused(self, op: str, delivery: Json, **fields: Any) -> Json:
        """The error of a verdict that must be refused."""
        (reply,) = self.ask(self.verdict(op, delivery, **fields))
        return error_of(reply)

    def settle(self, op: str, delivery: Json, **fields: Any) -> Json:
        return self.ok(op, seq=delivery["message"]["seq"], lease=delivery["lease"], **fields)

    def close(self) -> None:
        """Ends the connection as a process that exits would."""
        for parked in list(self.out):
            parked.drop()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def error_of(reply: Json) -> Json:
    """The error of a reply, which must be one with a code and a sentence."""
    assert set(reply) == {"error"}, reply
    error: Json = reply["error"]
    assert error["code"]
    assert len(error["message"]) > 10
    return error
