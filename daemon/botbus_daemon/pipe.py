"""One connection of a client: bytes of a Unix socket on one side, requests and answers on the other.

Invariants: a client that sends more than it lets be answered, or that does not read, is not read from,
so what it costs is bounded; it is hung up on when it reads nothing for a while, or does not send the
rest of what it began. Nothing of another client waits for it.
"""

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

from botbus_daemon.presence import Connection, Peer
from botbus_protocol.framing import REP, REQ, Garbage, Unframer, framed, parted

MOST_UNDER_WAY = 512
"""Requests of one connection that are not answered yet; more are not read. Those that are parked, of
which there may be fewer, are among them."""
UNREAD_SECONDS = 10.0
"""How long a client may read nothing of what was answered, before it is hung up on."""
GREETING_SECONDS = 10.0
REST_SECONDS = 30.0
"""How long the rest of a frame may take to arrive, before the client is hung up on."""
UNREAD_BYTES = 256 * 1024
"""Bytes of answers that wait for the client before no more of its requests are looked at."""
CREDENTIALS = struct.Struct("3i")


class House(Protocol):
    """What a pipe belongs to."""

    @property
    def full(self) -> bool:
        """Whether no more requests should be brought for now."""

    def joined(self, pipe: "Pipe") -> None:
        """The other side has greeted."""

    def arrived(self, pipe: "Pipe", route: bytes, body: bytes) -> None:
        """A request has come; `pipe.answer` is to be called once."""

    def left(self, pipe: "Pipe") -> None:
        """The connection has ended; for each that joined, once."""

    def waits(self, pipe: "Pipe") -> None:
        """The pipe holds requests back because the house is full."""

    def holds(self, size: int) -> None:
        """So many more bytes of answers wait for some other side to read them."""


class Pipe(asyncio.Protocol):
    """`answer` each request once; `proceed` when there is room again."""

    connection: Connection
    """Who is at the other end; once it has joined."""

    def __init__(self, house: House, number: int, unframer: Unframer) -> None:
        self.number = number
        self._house = house
        self._unframer = unframer
        self._greeting: bytes | None = b""
        """What has come of the greeting; None when it is over."""
        self._backlog: deque[bytes] = deque()
        self._under_way = 0
        self._unread = False
        """Whether the other side has not read what was answered."""
        self._held: asyncio.TimerHandle | None = None
        """Runs while no requests are wanted of it."""
        self._reading = True
        self._rest: asyncio.TimerHandle | None = None
        """Runs while a frame has arrived in part."""
        self._joined = False

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base
        self._descriptor: int = transport.get_extra_info("socket").fileno()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(GREETING_SECONDS, self._transport.abort)
        self._transport.set_write_buffer_limits(high=UNREAD_BYTES)
        self._transport.write(REP)

    def data_received(self, data: bytes) -> None:
        if self._greeting is not None:
            data = self._greet(self._greeting + data)
        try:
            found = self._unframer.feed(data)
        except Garbage:
            self._transport.abort()
            return
        self._backlog.extend(found)
        if self._rest is not None or self._unframer.partial:
            self._expect_rest(anew=bool(found))
        if self._backlog:
            self.proceed()

    def pause_writing(self) -> None:
        self._unread = True
        self._expect_progress(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._unread = False
        self._timer.cancel()
        self.proceed()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._timer.cancel()
        if self._rest is not None:
            self._rest.cancel()
        if self._held is not None:
            self._held.cancel()
        self._backlog.clear()
        if self._joined:
            self._house.left(self)

    # What the house asks for

    def proceed(self) -> None:
        """Brings what has come, as far as there is room."""
        while self._backlog and self._has_room():
            try:
                route, body = parted(self._backlog.popleft())
            except Garbage:
                self._transport.abort()
                return
            self._under_way += 1
            self._house.arrived(self, route, body)
        self._read(not self._backlog)

    def answer(self, route: bytes, body: bytes) -> None:
        """Sends an answer off at once; what the other side does not read waits here."""
        self._under_way -= 1
        if not self._transport.is_closing():
            self._write(framed(route, body))
        if self._backlog:
            self.proceed()

    def end(self) -> None:
        """Says that nothing more will come; it ends when the other side hangs up.

        To close would lose answers: NNG does not read what came before a hang-up.
        """
        if not self._transport.is_closing():
            self._transport.write_eof()

    def abort(self) -> None:
        self._transport.abort()

    @property
    def unread(self) -> int:
        """Bytes of answers that wait for the other side to read them."""
        return self._transport.get_write_buffer_size()

    # Inside

    def _greet(self, data: bytes) -> bytes:
        """What follows the greeting, once that is whole."""
        self._greeting = data
        if len(data) < len(REQ):
            return b""
        self._timer.cancel()
        if not data.startswith(REQ):
            self._transport.abort()
            return b""
        self._greeting = None
        self._joined = True
        self.connection = Connection(self.number, peer_of(self._transport.get_extra_info("socket")))
        self.connection.hold = self._hold
        self._house.joined(self)
        return data[len(REQ) :]

    def _has_room(self) -> bool:
        if self._house.full:
            self._house.waits(self)
            return False
        return self._held is None and not self._unread and self._under_way < MOST_UNDER_WAY

    def _hold(self, until: float) -> None:
        """Brings no more requests until a time of the loop."""
        if self._held is not None:
            self._held.cancel()
        self._held = self._loop.call_at(until, self._go_on)

    def _go_on(self) -> None:
        self._held = None
        self.proceed()

    def _read(self, wanted: bool) -> None:
        if wanted != self._reading and not self._transport.is_closing():
            self._reading = wanted
            act: Callable[[], None] = (
                self._transport.resume_reading if wanted else self._transport.pause_reading
            )
            act()
            self._expect_rest(anew=True)

    def _expect_rest(self, *, anew: bool) -> None:
        """Waits for the rest of what has arrived in part, from now on or still, while it is read."""
        wanted = self._unframer.partial and self._reading
        if self._rest is not None and (anew or not wanted):
            self._rest.cancel()
            self._rest = None
        if wanted and self._rest is None:
            self._rest = self._loop.call_later(REST_SECONDS, self._transport.abort)

    def _write(self, data: bytes) -> None:
        """Past the event loop, which would write only after all that is ready to be read."""
        if not self._transport.get_write_buffer_size():
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                pass
            except OSError:
                return  # it has gone; the loop will hear of it
        if data:
            self._transport.write(data)
            self._house.holds(len(data))

    def _expect_progress(self, before: int) -> None:
        self._timer = self._loop.call_later(UNREAD_SECONDS, self._look_for_progress, before)

    def _look_for_progress(self, before: int) -> None:
        left = self._transport.get_write_buffer_size()
        if left >= before:
            self._transport.abort()
        else:
            self._expect_progress(left)


def peer_of(unix: Any) -> Peer:
    """Who is at the other end of a Unix socket, as the kernel says: who called connect."""
    packed = unix.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid, uid, gid = CREDENTIALS.unpack(packed)
    return Peer(uid=uid, gid=gid, pid=pid)
