"""NNG's REP contexts, typed and thin: the only module of the daemon that touches pynng's insides.

pynng's own coroutines allocate an operation and shield a future for each frame in and each frame out.
Here each context keeps its two operations for life, calls back once for each frame received, and sends
without being called back at all.

Invariant: whatever is allocated here is freed here.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pynng

from botbus_daemon.presence import Peer

_ffi: Any = pynng.ffi
_lib: Any = pynng.lib

THREADS = 2
UNREAD_MILLISECONDS = 10_000
"""How long an answer may wait for a client that does not read, before it is dropped."""


def limit_threads() -> None:
    """Keeps NNG from starting threads by the dozen; call before the first socket."""
    _lib.nng_init_set_parameter(_lib.NNG_INIT_NUM_TASK_THREADS, THREADS)
    _lib.nng_init_set_parameter(_lib.NNG_INIT_MAX_TASK_THREADS, THREADS)


class Received(NamedTuple):
    """A frame and the pipe it came through."""

    data: bytes
    pipe: Any
    pipe_id: int


class Context:
    """One REP context: `receive`; when `received` is called on the loop, `take`; then `answer`."""

    def __init__(self, socket: Any, received: Callable[["Context"], None]) -> None:
        loop = asyncio.get_running_loop()
        self._handle = _ffi.new_handle(lambda: _call_soon(loop, received, self))
        self._context = _ffi.new("nng_ctx *")
        pynng.exceptions.check_err(_lib.nng_ctx_open(self._context, socket.socket))
        self._message = _ffi.new("nng_msg **")
        self._receiving = _new_operation(_completed, self._handle)
        self._sending = _new_operation(_ffi.NULL, _ffi.NULL)
        _lib.nng_aio_set_timeout(self._sending, UNREAD_MILLISECONDS)

    def receive(self) -> None:
        """Waits for the next frame."""
        _lib.nng_ctx_recv(self._context[0], self._receiving)

    def take(self) -> Received | None:
        """The frame that was received; None if there is none, or the socket was closed."""
        if _lib.nng_aio_result(self._receiving) != 0:
            return None
        message = _lib.nng_aio_get_msg(self._receiving)
        if message == _ffi.NULL:
            return None  # taken before
        _lib.nng_aio_set_msg(self._receiving, _ffi.NULL)
        data = _ffi.buffer(_lib.nng_msg_body(message), _lib.nng_msg_len(message))[:]
        pipe = _lib.nng_msg_get_pipe(message)
        _lib.nng_msg_free(message)
        return Received(data, pipe, _lib.nng_pipe_id(pipe))

    def answer(self, data: bytes) -> None:
        """Sends the answer to the frame that was taken, and does not wait for it to be read.

        Not while the answer before is `sending`.
        """
        self._free_unsent()
        message = self._message
        if _lib.nng_msg_alloc(message, 0) or _lib.nng_msg_append(message[0], data, len(data)):
            raise MemoryError("no memory for an answer")
        _lib.nng_aio_set_msg(self._sending, message[0])
        _lib.nng_ctx_send(self._context[0], self._sending)

    async def sent(self) -> None:
        """Waits until the last answer is through, or was given up."""
        await asyncio.get_running_loop().run_in_executor(None, _lib.nng_aio_wait, self._sending)

    def close(self) -> None:
        """Frees everything; `received` is not called any more."""
        if self._handle is None:
            return
        _lib.nng_aio_stop(self._receiving)
        self.take()
        _lib.nng_aio_stop(self._sending)
        self._free_unsent()
        _lib.nng_ctx_close(self._context[0])
        _lib.nng_aio_free(self._receiving)
        _lib.nng_aio_free(self._sending)
        self._handle = None

    @property
    def sending(self) -> bool:
        """Whether the last answer is not through yet; closing would lose it."""
        return bool(_lib.nng_aio_busy(self._sending))

    @property
    def closed(self) -> bool:
        return self._handle is None

    def _free_unsent(self) -> None:
        """NNG hands an answer back that it could not send."""
        if _lib.nng_aio_result(self._sending) != 0:
            message = _lib.nng_aio_get_msg(self._sending)
            if message != _ffi.NULL:
                _lib.nng_aio_set_msg(self._sending, _ffi.NULL)
                _lib.nng_msg_free(message)


def peer_of(pipe: Any) -> Peer:
    """Who is at the other end of a pipe, as the kernel says."""
    return Peer(
        uid=_number(pipe, b"ipc:peer-uid"),
        gid=_number(pipe, b"ipc:peer-gid"),
        pid=_number(pipe, b"ipc:peer-pid"),
    )


def _number(pipe: Any, option: bytes) -> int | None:
    number = _ffi.new("uint64_t *")
    failed = _lib.nng_pipe_get_uint64(pipe, option, number)
    return None if failed else int(number[0])


def _call_soon(
    loop: asyncio.AbstractEventLoop, received: Callable[[Context], None], context: Context
) -> None:
    try:
        loop.call_soon_threadsafe(received, context)
    except RuntimeError:
        return  # the loop has ended


@_ffi.callback("void(void *)")  # type: ignore[untyped-decorator] # cffi is untyped
def _completed(handle: Any) -> None:
    """What NNG calls, on a thread of its own, when a frame has arrived."""
    _ffi.from_handle(handle)()


def _new_operation(callback: Any, argument: Any) -> Any:
    holder = _ffi.new("nng_aio **")
    pynng.exceptions.check_err(_lib.nng_aio_alloc(holder, callback, argument))
    return holder[0]
