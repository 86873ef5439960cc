"""Lines over a Unix socket of asyncio's, in the wire format of NNG (`botbus_protocol.framing`).

What a REQ socket does is done here: each frame goes out under a number that its answer repeats; a frame
without a connection waits for one; a connection that breaks is made again. Whether a frame was carried
out when its connection broke is for those to find out who sent it.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import cast

from botbus.event_loop import Callback
from botbus.lines import REDIAL_LEAST, REDIAL_MOST, Broken, denied, no_daemon, no_url, nobody
from botbus_protocol.framing import REP, REQ, WORD, Garbage, Unframer, framed

HIGHEST_BIT = 1 << 31
"""Marks the last word of a route; ours have one word."""


class WireSocket:
    """See `lines.Socket`."""

    def __init__(self, greet: Callback) -> None:
        self._greet = greet
        self.turns = 0
        self.connected = False
        self._path = ""
        self._pipe: Pipe | None = None
        self._numbers = count(1)
        self._under_way: dict[bytes, WireLine] = {}
        self._waiting: dict[bytes, bytes] = {}
        """Frames that have not left yet, for want of a connection."""
        self._redialling: asyncio.Task[None] | None = None
        self._closed = False

    async def dial(self, url: str) -> None:
        if not url.startswith("ipc://"):
            raise no_url(url, "it does not begin with ipc://")
        self._path = url.removeprefix("ipc://")
        try:
            await self._connect()
        except (FileNotFoundError, ConnectionRefusedError):
            raise no_daemon(url) from None
        except PermissionError:
            raise denied(url) from None
        except EOFError:
            raise nobody(url) from None
        except OSError as error:
            raise no_url(url, error) from None

    def line(self, done: Callback) -> "WireLine":
        return WireLine(self, done)

    def close(self) -> None:
        self._closed = True
        if self._redialling is not None:
            self._redialling.cancel()
        if self._pipe is not None:
            self._pipe.close()

    # What lines ask for

    def send(self, line: "WireLine", frame: bytes) -> bytes:
        """Sends a frame now or as soon as there is a connection; its route."""
        route = (HIGHEST_BIT | next(self._numbers) % HIGHEST_BIT).to_bytes(WORD)
        self._under_way[route] = line
        if self._pipe is None:
            self._waiting[route] = frame
        else:
            self._pipe.write(framed(route, frame))
        return route

    def forget(self, route: bytes) -> None:
        """Nobody waits for that answer any more."""
        self._under_way.pop(route, None)
        self._waiting.pop(route, None)

    # What pipes tell

    def stands(self, pipe: "Pipe") -> None:
        self._pipe = pipe
        self.turns += 1
        self.connected = True
        for route, frame in self._waiting.items():
            pipe.write(framed(route, frame))
        self._waiting.clear()
        self._greet()

    def heard(self, message: bytes) -> None:
        line = self._under_way.pop(message[:WORD], None)
        if line is not None:
            line.answered(message[WORD:])

    def broke(self, pipe: "Pipe") -> None:
        if self._pipe is not pipe:
            return
        self._pipe = None
        self.turns += 1
        self.connected = False
        if not self._closed:
            self._redialling = asyncio.get_running_loop().create_task(self._redial())
            for line in list(self._under_way.values()):
                line.end(Broken.RESET)

    # Inside

    async def _connect(self) -> None:
        """Raises OSError, or EOFError if the other side hangs up before it has greeted."""
        loop = asyncio.get_running_loop()
        transport, pipe = await loop.create_unix_connection(lambda: Pipe(self), self._path)
        try:
            await pipe.greeted
        except BaseException:
            transport.abort()
            raise

    async def _redial(self) -> None:
        pause = REDIAL_LEAST
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, REDIAL_MOST)
            try:
                await self._connect()
            except (OSError, EOFError):
                continue
            return


class Pipe(asyncio.Protocol):
    """One connection, until it breaks."""

    def __init__(self, socket: WireSocket) -> None:
        self._socket = socket
        self._unframer = Unframer()
        self._greeting = b""
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Resolves when the connection stands; EOFError if it breaks before."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base
        self.write: Callable[[bytes], None] = self._transport.write
        self.write(REQ)

    def data_received(self, data: bytes) -> None:
        if not self.greeted.done():
            data = self._greet(data)
        try:
            for message in self._unframer.feed(data):
                self._socket.heard(message)
        except Garbage:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.greeted.done():
            self.greeted.set_exception(EOFError())
        else:
            self._socket.broke(self)

    def close(self) -> None:
        self._transport.close()

    def _greet(self, data: bytes) -> bytes:
        """What follows the greeting, once that is whole."""
        self._greeting += data
        if len(self._greeting) < len(REP):
            return b""
        if not self._greeting.startswith(REP):
            self._transport.abort()
            return b""
        self.greeted.set_result(None)
        self._socket.stands(self)
        return self._greeting[len(REP) :]


class WireLine:
    """See `lines.Line`."""

    def __init__(self, socket: WireSocket, done: Callback) -> None:
        self._socket = socket
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._route: bytes = b""
        self._timer: asyncio.TimerHandle | None = None
        """Set while something is under way."""
        self._outcome: bytes | Broken = b""

    def send(self, frame: bytes, timeout: float) -> None:
        self._route = self._socket.send(self, frame)
        self._timer = self._loop.call_later(timeout, self.end, Broken.TIMED_OUT)

    def rest(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self.end, b"")

    def outcome(self) -> bytes | Broken:
        return self._outcome

    def cancel(self) -> None:
        self._loop.call_soon(self._cancel, self._timer)

    def close(self) -> None:
        self._stop()

    def answered(self, answer: bytes) -> None:
        """The socket has found whose answer this is."""
        self.end(answer)

    def end(self, outcome: bytes | Broken) -> None:
        """What was under way is over; nothing if it was over already."""
        if self._stop():
            self._outcome = outcome
            self._done()

    def _cancel(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is self._timer:  # or something else is under way by now
            self.end(Broken.CLOSED)

    def _stop(self) -> bool:
        timer, self._timer = self._timer, None
        if timer is None:
            return False
        timer.cancel()
        self._socket.forget(self._route)
        return True


class WireAlarm:
    """See `lines.Alarm`."""

    def __init__(self, ring: Callback) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.is_set = False

    def set(self, seconds: float) -> None:
        self.is_set = True
        self._timer = self._loop.call_later(seconds, self._rung)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _rung(self) -> None:
        self.is_set = False
        self._ring()
