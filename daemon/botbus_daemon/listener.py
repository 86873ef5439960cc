"""Bytes in, bytes out: frames from NNG REP contexts, each with the connection it came through.

A context holds one request at a time, and a parked request holds its context. So the number of
contexts grows with what is parked: there are always some that wait for the next frame, and those that
are no longer needed close.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pynng

from botbus_daemon.nng import Context, Received, peer_of
from botbus_daemon.presence import Connection

logger = logging.getLogger(__name__)

SPARE = 16
"""Contexts that wait for a frame, at least."""
MOST_SPARE = 64
MOST = 20_000
"""Contexts in all; it bounds what can be parked."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of frames that are being answered; beyond it no further contexts wait for frames."""
LOST_REMEMBERED = 1024
READ_TO_REFUSE = 16
"""Times the frame limit that is still read, so that the sender is told what is wrong; NNG closes the
pipe of one who sends more."""

Answer = Callable[[bytes, Connection, Callable[[bytes], None]], "asyncio.Task[None] | None"]
"""Has a frame answered by calling what it is given; a task if that takes its time."""


class Listener:
    """Serves one URL. `come` and `gone` are called with connections as they are made and lost."""

    def __init__(
        self,
        url: str,
        answer: Answer,
        come: Callable[[Connection], None],
        gone: Callable[[int], None],
        *,
        frame_bytes: int,
        mode: int = 0o600,
    ) -> None:
        self._answer = answer
        self._come = come
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._connections: dict[int, Connection] = {}
        self._lost: OrderedDict[int, None] = OrderedDict()
        """Pipes that were lost before their first frame was looked at."""
        self._contexts: set[Context] = set()
        self._stopped = False
        self._spare = 0
        self._under_way = 0
        """Bytes of the frames that are not answered yet."""
        self._serving: dict[Context, asyncio.Task[None] | None] = {}
        """Contexts whose frame is not answered yet, and the task of those that take their time."""
        self._rest = asyncio.Event()
        self._socket = pynng.Rep0(recv_max_size=frame_bytes * READ_TO_REFUSE)
        self._socket.add_post_pipe_remove_cb(self._on_remove)
        self._socket.listen(url)
        self._path = Path(url.removeprefix("ipc://"))
        self._path.chmod(mode)

    def start(self) -> None:
        self._keep_spare()

    async def stop(self, timeout: float) -> None:
        """Takes no more connections, lets what is under way be answered, and closes."""
        self._path.unlink(missing_ok=True)  # NNG would close a listener with all its connections
        deadline = self._loop.time() + timeout
        await self._served(deadline)
        self._stopped = True
        await self._served(deadline)  # what arrived meanwhile is refused at once
        if self._serving:
            logger.warning("%d requests were still under way", len(self._serving))
            await _cancelled([task for task in self._serving.values() if task is not None])
        await self._sent(deadline)
        for context in self._contexts:
            context.close()
        self._socket.close()

    async def _served(self, deadline: float) -> None:
        """Waits until all is answered that is under way."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while self._serving:
                    self._rest.clear()
                    await self._rest.wait()

    async def _sent(self, deadline: float) -> None:
        """Waits until the last answers have left."""
        sending = [asyncio.ensure_future(c.sent()) for c in self._contexts if c.sending]
        left = deadline - self._loop.time()
        if sending and left > 0:
            await asyncio.wait(sending, timeout=left)

    def _keep_spare(self) -> None:
        """Lets enough contexts wait; not while too much is under way: then senders are held back."""
        while self._spare < SPARE and self._under_way < MOST_BYTES and len(self._contexts) < MOST:
            self._add_context()

    def _add_context(self) -> None:
        context = Context(self._socket, self._received)
        self._contexts.add(context)
        self._wait(context)

    def _wait(self, context: Context) -> None:
        self._spare += 1
        context.receive()

    def _received(self, context: Context) -> None:
        """A frame has arrived."""
        self._spare -= 1
        frame = None if self._stopped or context.closed else context.take()
        if frame is None:
            return  # the daemon stops
        self._under_way += len(frame.data)
        self._keep_spare()
        self._serving[context] = None
        connection = self._connection(frame)
        reply = partial(self._answered, context, connection, len(frame.data))
        task = self._answer(frame.data, connection, reply)
        if task is not None and context in self._serving:
            self._serving[context] = task

    def _answered(self, context: Context, connection: Connection, size: int, data: bytes) -> None:
        """The answer to a frame of that size is there; its context waits for the next one."""
        if context.sending:  # the client before did not read its answer yet
            later = self._answered_later(context, connection, size, data)
            self._serving[context] = self._loop.create_task(later)
            return
        del self._serving[context]
        if not self._serving:
            self._rest.set()
        self._under_way -= size
        if context.closed:
            return  # the daemon has stopped
        if not connection.closed:
            context.answer(data)
        if self._spare < MOST_SPARE or context.sending:
            self._wait(context)
        else:
            self._contexts.discard(context)
            context.close()
        self._keep_spare()

    async def _answered_later(
        self, context: Context, connection: Connection, size: int, data: bytes
    ) -> None:
        await context.sent()
        self._answered(context, connection, size, data)

    def _connection(self, frame: Received) -> Connection:
        connection = self._connections.get(frame.pipe_id)
        if connection is None:
            connection = Connection(frame.pipe_id, peer_of(frame.pipe))
            if frame.pipe_id in self._lost:
                connection.closed = True
                return connection
            self._connections[frame.pipe_id] = connection
            self._come(connection)
        return connection

    def _on_remove(self, pipe: Any) -> None:
        """Called on a thread of NNG's."""
        pipe_id = pipe.id
        try:
            self._loop.call_soon_threadsafe(self._forget, pipe_id)
        except RuntimeError:
            logger.debug("a pipe closed after the loop did")

    def _forget(self, pipe_id: int) -> None:
        connection = self._connections.pop(pipe_id, None)
        if connection is not None:
            connection.closed = True
            self._gone(pipe_id)
            return
        self._lost[pipe_id] = None
        if len(self._lost) > LOST_REMEMBERED:
            self._lost.popitem(last=False)


async def _cancelled(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
