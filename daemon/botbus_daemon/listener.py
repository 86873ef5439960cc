"""Bytes in, bytes out: requests of NNG's REQ sockets, each with the connection it came through.

It accepts from a bound socket and knows nothing of files (`socket_file.py`).

What NNG's own sockets would do with threads of their own is done here on the event loop: a frame is
planned in the turn in which its last byte is read, and its answer leaves in the turn in which it is
made. docs/performance.md tells what that saves.

Invariant: what is read and not answered yet is bounded, in number and in bytes.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count

from botbus_daemon.pipe import Pipe
from botbus_daemon.presence import Connection
from botbus_protocol.framing import MOST_WORDS, WORD, Unframer

logger = logging.getLogger(__name__)

MOST = 20_000
"""Requests under way in all; it bounds what can be parked."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of frames that are being answered; beyond it no further ones are looked at."""
MOST_UNREAD = 128 * 1024 * 1024
"""Bytes of answers that nobody has read yet, of all clients; beyond it who has most is hung up on."""
READ_TO_REFUSE = 16
"""Times the frame limit that is still read, so that the sender is told what is wrong; who sends more is
hung up on."""
LINGER = 0.1
"""Seconds between the last answers and the end: with a connection NNG forgets the answers that came
through it and that nobody has asked for yet."""
BACKLOG = 1024
"""Connections that the kernel holds until they are accepted."""

Answer = Callable[[bytes, Connection, Callable[[bytes], None]], "asyncio.Task[None] | None"]
"""Has a frame answered by calling what it is given; a task if that takes its time."""


class Listener:
    """Serves who connects. `come` and `gone` are called with connections as they are made and lost."""

    def __init__(
        self,
        answer: Answer,
        come: Callable[[Connection], None],
        gone: Callable[[int], None],
        *,
        frame_bytes: int,
    ) -> None:
        self._answer = answer
        self._come = come
        self._gone = gone
        self._frame_bytes = frame_bytes
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._numbers = count(1)
        self._pipes: set[Pipe] = set()
        self._waiting: set[Pipe] = set()
        """Those that hold requests back because too much is under way."""
        self._serving: dict[int, asyncio.Task[None] | None] = {}
        """Requests that are not answered yet, and the task of those that take their time."""
        self._under_way = 0
        """Bytes of them."""
        self._unread = 0
        """Bytes of answers that wait to be read, or more: what has been read is found out late."""
        self._stopped = False
        self._stirred = asyncio.Event()
        """Set when a request was answered or a connection has ended."""

    async def start(self, bound: socket.socket) -> None:
        """Accepts connections from a bound socket from now on, and from the one before it no longer.

        Raises OSError.
        """
        server = self._server
        self._server = await self._loop.create_unix_server(
            self._new_pipe, sock=bound, backlog=BACKLOG
        )
        if server is not None:
            server.close()

    async def stop(self, timeout: float) -> None:
        """Takes no more connections, lets what is under way be answered, and closes."""
        if self._server is not None:
            self._server.close()
        deadline = self._loop.time() + timeout
        await self._until(lambda: not self._serving, deadline)
        self._stopped = True
        if self._serving:
            logger.warning("%d requests were still under way", len(self._serving))
            await _cancelled([task for task in self._serving.values() if task is not None])
        if self._pipes:
            await asyncio.sleep(LINGER)
        for pipe in self._pipes:
            pipe.end()
        await self._until(lambda: not self._pipes, deadline)
        for pipe in self._pipes:
            pipe.abort()

    # What pipes tell

    @property
    def full(self) -> bool:
        return self._under_way >= MOST_BYTES or len(self._serving) >= MOST

    def joined(self, pipe: Pipe) -> None:
        self._pipes.add(pipe)
        self._come(pipe.connection)

    def arrived(self, pipe: Pipe, route: bytes, body: bytes) -> None:
        if self._stopped:
            return
        ticket = next(self._numbers)
        self._under_way += len(body)
        self._serving[ticket] = None
        reply = partial(self._answered, ticket, pipe, route, len(body))
        task = self._answer(body, pipe.connection, reply)
        if task is not None and ticket in self._serving:
            self._serving[ticket] = task

    def left(self, pipe: Pipe) -> None:
        self._pipes.discard(pipe)
        self._waiting.discard(pipe)
        pipe.connection.closed = True
        self._gone(pipe.number)
        self._stirred.set()

    def waits(self, pipe: Pipe) -> None:
        self._waiting.add(pipe)

    def holds(self, size: int) -> None:
        self._unread += size
        if self._unread > MOST_UNREAD:
            self._unread = sum(each.unread for each in self._pipes)
        if self._unread > MOST_UNREAD:
            self._drop_worst()

    # Inside

    def _drop_worst(self) -> None:
        """Hangs up on whoever asks for much and does not read it."""
        worst = max(self._pipes, key=lambda pipe: pipe.unread)
        pid = worst.connection.peer.pid
        logger.warning("hung up on pid %s: it has not read %d bytes", pid, worst.unread)
        self._unread -= worst.unread
        worst.abort()

    def _new_pipe(self) -> Pipe:
        most = self._frame_bytes + 1 + MOST_WORDS * WORD
        unframer = Unframer(most, self._frame_bytes * READ_TO_REFUSE)
        return Pipe(self, next(self._numbers), unframer)

    def _answered(self, ticket: int, pipe: Pipe, route: bytes, size: int, data: bytes) -> None:
        """The answer to a frame of that size is there."""
        del self._serving[ticket]
        self._under_way -= size
        pipe.answer(route, data)
        if self._waiting and not self.full:
            waiting, self._waiting = self._waiting, set()
            for other in waiting:
                other.proceed()
        if not self._serving:
            self._stirred.set()

    async def _until(self, reached: Callable[[], bool], deadline: float) -> None:
        """Waits until that is so, or the deadline has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while not reached():
                    self._stirred.clear()
                    await self._stirred.wait()


async def _cancelled(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
