"""A peer that speaks the real protocol over a real socket, and says what a test tells it to say.

For what a daemon does only when something is wrong: no answer, half an answer, a stop at a chosen
moment. What a working daemon does is tested against the real one.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pynng

from botbus_protocol.codec import decode_frame, encode_replies
from botbus_protocol.errors import Fault
from botbus_protocol.grammar import new_id
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.records import Delivery, Message
from botbus_protocol.replies import Deliveries, Done, Receipt, Reply, Welcome
from botbus_protocol.requests import AnyRequest, Fetch, Hello, Publish, Request, Send

LOOK_UP = 20
"""Milliseconds after which a thread that hears nothing looks whether it should go home."""
NOW = "2026-01-01T00:00:00.000000Z"
Say = Callable[[Any], Reply | Fault | None]


class Peer:
    """Hears frames in a few threads; `says[kind]` makes the reply to a kind of request.

    None for a reply leaves the whole frame without an answer.
    """

    def __init__(self, folder: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self.url = f"ipc://{folder}/peer.sock"
        self.limits = limits
        self.boot = 0
        self.frames: list[list[AnyRequest]] = []
        self.atomic: list[bool] = []
        self.largest = 0
        """Bytes of the largest frame heard."""
        self.babble: bytes | None = None
        """Said instead of every answer."""
        self.says: dict[type[Request], Say] = {
            Hello: lambda _: Welcome(server="peer", protocol=1, boot=self.boot, limits=self.limits),
            Send: self.receipt,
            Publish: self.receipt,
            Fetch: lambda _: Deliveries(deliveries=[]),
        }
        self._heard = threading.Condition()
        self._up = False
        self._socket: Any = None
        self._threads: list[threading.Thread] = []

    def receipt(self, letter: Send | Publish) -> Receipt:
        return Receipt(id=letter.id, seq=len(self.frames), timestamp=NOW)

    def start(self) -> None:
        self.boot += 1
        self._up = True
        self._socket = pynng.Rep0(listen=self.url, recv_max_size=0, recv_timeout=LOOK_UP)
        contexts = [self._socket.new_context() for _ in range(6)]
        self._threads = [threading.Thread(target=self._serve, args=[c]) for c in contexts]
        for thread in self._threads:
            thread.start()

    def hang_up(self) -> None:
        """Breaks the connections, and takes no more; who thinks about an answer keeps it."""
        self._up = False
        if self._socket is not None:
            for end in (*self._socket.listeners, *self._socket.pipes):
                with suppress(pynng.NoEntry):  # the other side was quicker
                    end.close()

    def stop(self) -> None:
        # NNG does not survive a socket that closes over a context in use: one after the other.
        self.hang_up()
        for thread in self._threads:
            thread.join()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def heard(self, kind: type[Request]) -> list[Any]:
        return [request for frame in self.frames for request in frame if type(request) is kind]

    def wait_for(self, kind: type[Request], times: int = 1) -> None:
        """Blocks the thread until so many requests of a kind have been heard."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.heard(kind)) >= times, 10)

    def _serve(self, context: Any) -> None:
        with context:
            while self._up:
                with suppress(pynng.Timeout, pynng.Closed):
                    answer = self._answer(context.recv())
                    if answer is not None and self._up:
                        context.send(answer)

    def _answer(self, data: bytes) -> bytes | None:
        self.largest = max(self.largest, len(data))
        frame = decode_frame(data, self.limits)
        requests = [request for request in frame.requests if isinstance(request, Request)]
        assert len(requests) == len(frame.requests)
        with self._heard:
            self.frames.append(requests)
            self.atomic.append(frame.atomic)
            self._heard.notify_all()
        if self.babble is not None:
            return self.babble
        replies = [self.says.get(type(r), lambda _: Done())(r) for r in requests]
        if any(reply is None for reply in replies):
            return None
        return encode_replies([reply for reply in replies if reply is not None])


def delivery(body: Any = None, seq: int = 1) -> Delivery:
    message = Message(seq=seq, id=new_id(), sender="planner", recipient="coder", body=body)
    return Delivery(message=message, attempt=1, lease=f"lease-{seq}", lease_expires_at=NOW)
