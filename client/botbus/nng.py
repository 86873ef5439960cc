"""Lines over NNG itself, for event loops other than asyncio's: the only module that touches pynng.

The socket is one REQ socket with one connection, which NNG dials again whenever it breaks. A line is
one context on it.

pynng's own coroutines are not used: they cost a wake-up of the event loop for the sending alone,
and may swallow a cancellation that meets a reply. Here a line calls back when it is done, on the
thread of the event loop and in no task, so to carry a frame takes neither a task nor a cancel
scope.

Invariant: whatever is allocated here is freed here, whether a frame was answered or not.
"""

from typing import Any

import anyio.to_thread
import pynng

from botbus.errors import Unavailable
from botbus.event_loop import Callback, EventLoop
from botbus.lines import REDIAL_LEAST, REDIAL_MOST, Broken, denied, no_daemon, no_url, nobody

_ffi: Any = pynng.ffi
_lib: Any = pynng.lib

_lib.nng_init_set_parameter(_lib.NNG_INIT_NUM_TASK_THREADS, 2)  # more only fight for two locks
_lib.nng_init_set_parameter(_lib.NNG_INIT_MAX_TASK_THREADS, 2)

_FOREVER = -1
_LONGEST = 2**31 - 1


class NngSocket:
    """See `lines.Socket`."""

    def __init__(self, loop: EventLoop, greet: Callback) -> None:
        self._loop = loop
        self._greet = greet
        self.turns = 0
        """How often a connection was made or broke."""
        self.connected = False
        self._req: Any = pynng.Req0(
            resend_time=-1,
            recv_max_size=0,
            reconnect_time_min=_milliseconds(REDIAL_LEAST),
            reconnect_time_max=_milliseconds(REDIAL_MOST),
        )
        self._req.add_post_pipe_connect_cb(self._pipe_added)
        self._req.add_post_pipe_remove_cb(self._pipe_removed)

    async def dial(self, url: str) -> None:
        await anyio.to_thread.run_sync(self._dial, url, abandon_on_cancel=True)

    def _dial(self, url: str) -> None:
        try:
            self._req.dial(url, block=True)
        except pynng.ConnectionRefused:
            raise no_daemon(url) from None
        except pynng.PermissionDenied:
            raise denied(url) from None
        except pynng.Closed:
            raise nobody(url) from None
        except pynng.NNGException as error:
            raise no_url(url, error) from None

    def line(self, done: Callback) -> "NngLine":
        return NngLine(self._req.socket, lambda: self._loop.wake(done))

    def close(self) -> None:
        self._req.close()

    def _pipe_added(self, _pipe: object) -> None:
        self.turns += 1
        self.connected = True
        self._loop.wake(self._greet)

    def _pipe_removed(self, _pipe: object) -> None:
        self.turns += 1
        self.connected = False


class NngLine:
    """See `lines.Line`."""

    def __init__(self, socket: Any, done: Callback) -> None:
        self._handle = _ffi.new_handle(done)
        self._context = _ffi.new("nng_ctx *")
        if code := _lib.nng_ctx_open(self._context, socket):
            raise Unavailable(f"no line to the daemon: {_text(code)}")
        self._sending = _new_aio(_ffi.NULL, _ffi.NULL)
        self._receiving = _new_aio(_completed, self._handle)

    def send(self, frame: bytes, timeout: float) -> None:
        message = _ffi.new("nng_msg **")
        _check(_lib.nng_msg_alloc(message, 0))
        _check(_lib.nng_msg_append(message[0], frame, len(frame)))
        _lib.nng_aio_set_msg(self._sending, message[0])
        _lib.nng_ctx_send(self._context[0], self._sending)
        # NNG allows to receive before the sending is through, which saves a wake-up.
        _lib.nng_aio_set_timeout(self._receiving, _milliseconds(timeout))
        _lib.nng_ctx_recv(self._context[0], self._receiving)

    def rest(self, seconds: float) -> None:
        _lib.nng_aio_set_timeout(self._receiving, _FOREVER)
        _lib.nng_sleep_aio(_milliseconds(seconds), self._receiving)

    def outcome(self) -> bytes | Broken:
        # An answer may overtake the news that its frame was sent; the line is free after both.
        _lib.nng_aio_wait(self._sending)
        code = _lib.nng_aio_result(self._receiving)
        if code != 0:
            self._take_back()
            return _BROKEN.get(code, Broken.CLOSED)
        message = _lib.nng_aio_get_msg(self._receiving)
        if message == _ffi.NULL:
            return b""
        _lib.nng_aio_set_msg(self._receiving, _ffi.NULL)
        answer: bytes = _ffi.buffer(_lib.nng_msg_body(message), _lib.nng_msg_len(message))[:]
        _lib.nng_msg_free(message)
        return answer

    def cancel(self) -> None:
        _lib.nng_aio_cancel(self._receiving)

    def close(self) -> None:
        """Frees everything. The callback may still come once."""
        _lib.nng_aio_stop(self._receiving)
        self.outcome()
        _lib.nng_aio_stop(self._sending)
        _lib.nng_ctx_close(self._context[0])
        _lib.nng_aio_free(self._receiving)
        _lib.nng_aio_free(self._sending)

    def _take_back(self) -> None:
        """Frees a frame that never left: NNG hands it back to the sender."""
        if _lib.nng_aio_result(self._sending) == 0:
            return
        message = _lib.nng_aio_get_msg(self._sending)
        if message != _ffi.NULL:
            _lib.nng_aio_set_msg(self._sending, _ffi.NULL)
            _lib.nng_msg_free(message)


class NngAlarm:
    """See `lines.Alarm`."""

    def __init__(self, loop: EventLoop, ring: Callback) -> None:
        self._ring = ring
        self._closed = False
        self._handle = _ffi.new_handle(lambda: loop.wake(self._rung))
        self._aio = _new_aio(_completed, self._handle)
        self.is_set = False

    def set(self, seconds: float) -> None:
        self.is_set = True
        _lib.nng_sleep_aio(_milliseconds(seconds), self._aio)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            _lib.nng_aio_stop(self._aio)
            _lib.nng_aio_free(self._aio)

    def _rung(self) -> None:
        self.is_set = False
        if not self._closed:
            self._ring()


_BROKEN = {
    _lib.NNG_ECONNRESET: Broken.RESET,
    _lib.NNG_ECONNABORTED: Broken.RESET,
    _lib.NNG_ETIMEDOUT: Broken.TIMED_OUT,
}


@_ffi.callback("void(void *)")  # type: ignore[untyped-decorator] # cffi is untyped
def _completed(handle: Any) -> None:
    """What NNG calls, on a thread of its own, when a line is done."""
    _ffi.from_handle(handle)()


def _new_aio(callback: Any, argument: Any) -> Any:
    holder = _ffi.new("nng_aio **")
    _check(_lib.nng_aio_alloc(holder, callback, argument))
    return holder[0]


def _milliseconds(seconds: float) -> int:
    return min(int(seconds * 1000) + 1, _LONGEST)


def _check(code: int) -> None:
    if code != 0:
        raise MemoryError(f"NNG: {_text(code)}")


def _text(code: int) -> str:
    text: bytes = _ffi.string(_lib.nng_strerror(code))
    return text.decode()
