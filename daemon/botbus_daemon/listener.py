"""Bytes in, bytes out: frames from NNG REP contexts, each with the pipe it came through.

A context holds one request at a time, and a parked request holds its context. So the number of
contexts grows with what is parked: there are always some that wait for the next frame, and those that
are no longer needed close.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pynng
from pynng._nng import ffi, lib

from botbus_daemon.presence import Connection, Peer

logger = logging.getLogger(__name__)

SPARE = 16
"""Contexts that wait for a frame, at least."""
MOST_SPARE = 64
MOST = 20_000
"""Contexts in all; it bounds what can be parked."""
NNG_THREADS = 2

Answer = Callable[[bytes, Connection], Awaitable[bytes]]


class Listener:
    """Serves one URL. `gone` is called on the event loop with the id of a pipe that was lost."""

    def __init__(
        self,
        url: str,
        answer: Answer,
        come: Callable[[Connection], None],
        gone: Callable[[int], None],
        *,
        frame_bytes: int,
    ) -> None:
        self._answer = answer
        self._come = come
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._connections: dict[int, Connection] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._spare = 0
        self._busy = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._socket = pynng.Rep0(recv_max_size=frame_bytes * _READ_TO_REFUSE)
        self._socket.add_post_pipe_remove_cb(self._on_remove)
        path = Path(url.removeprefix("ipc://"))
        self._listener = self._socket.listen(url)
        path.chmod(0o600)

    def start(self) -> None:
        for _ in range(SPARE):
            self._add_worker()

    async def stop(self, timeout: float) -> None:
        """Takes no more frames, lets those under way be answered, and closes."""
        self._listener.close()
        try:
            async with asyncio.timeout(timeout):
                await self._quiet.wait()
        except TimeoutError:
            logger.warning("%d requests were still under way", self._busy)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._socket.close()

    def _add_worker(self) -> None:
        if len(self._workers) >= MOST:
            return
        self._spare += 1
        worker = self._loop.create_task(self._work(self._socket.new_context()))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self, context: Any) -> None:
        try:
            while self._spare <= MOST_SPARE:
                try:
                    message = await context.arecv_msg()
                finally:
                    self._spare -= 1
                if self._spare < SPARE:
                    self._add_worker()
                self._begin()
                try:
                    await self._serve(context, message)
                finally:
                    self._end()
                    self._spare += 1
            self._spare -= 1
        except pynng.Closed:
            pass
        finally:
            context.close()

    async def _serve(self, context: Any, message: Any) -> None:
        if message.pipe is None:
            return  # the client is gone already
        connection = self._connection(message.pipe)
        answer = await self._answer(message.bytes, connection)
        if not connection.closed:
            try:
                await context.asend(answer)
            except pynng.NNGException as error:
                logger.debug("an answer found nobody: %s", error)

    def _begin(self) -> None:
        self._busy += 1
        self._quiet.clear()

    def _end(self) -> None:
        self._busy -= 1
        if self._busy == 0:
            self._quiet.set()

    def _connection(self, pipe: Any) -> Connection:
        connection = self._connections.get(pipe.id)
        if connection is None:
            connection = self._connections[pipe.id] = Connection(pipe.id, peer_of(pipe))
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
        if self._connections.pop(pipe_id, None) is not None:
            self._gone(pipe_id)


_READ_TO_REFUSE = 16
"""Times the frame limit that is still read, so that the sender is told what is wrong; NNG closes the
pipe of one who sends more."""


def limit_threads() -> None:
    """Keeps NNG from starting threads by the dozen; call before the first socket."""
    lib.nng_init_set_parameter(lib.NNG_INIT_NUM_TASK_THREADS, NNG_THREADS)
    lib.nng_init_set_parameter(lib.NNG_INIT_MAX_TASK_THREADS, NNG_THREADS)


def peer_of(pipe: Any) -> Peer:
    """Who is at the other end of a pipe, as the kernel says."""
    return Peer(
        uid=_number(pipe, b"ipc:peer-uid"),
        gid=_number(pipe, b"ipc:peer-gid"),
        pid=_number(pipe, b"ipc:peer-pid"),
    )


def _number(pipe: Any, option: bytes) -> int | None:
    number = ffi.new("uint64_t *")
    failed = lib.nng_pipe_get_uint64(pipe.pipe, option, number)
    return None if failed else int(number[0])
