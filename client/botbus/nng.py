"""NNG, typed: the only module of the client that touches pynng.

A `Socket` is one REQ socket with one connection, which NNG dials again whenever it breaks. A `Line`
is one context on it: it carries one frame at a time, or rests for a while. An `Alarm` rings once.

pynng's own coroutines are not used: they cost a wake-up of the event loop for the sending alone,
and may swallow a cancellation that meets a reply. Here a line calls back when it is done, on the
thread of the event loop and in no task, so to carry a frame takes neither a task nor a cancel
scope.

Invariant: whatever is allocated here is freed here, whether a frame was answered or not.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pynng
from anyio.lowlevel import current_token

from botbus.errors import Invalid, Unavailable
from botbus.promises import EventPromise, Promise

_ffi: Any = pynng.ffi
_lib: Any = pynng.lib

_lib.nng_init_set_parameter(_lib.NNG_INIT_NUM_TASK_THREADS, 2)  # more only fight for two locks
_lib.nng_init_set_parameter(_lib.NNG_INIT_MAX_TASK_THREADS, 2)

REDIAL_LEAST = 10
REDIAL_MOST = 250
"""Milliseconds between attempts to connect again, from the first to the last."""

_FOREVER = -1
_LONGEST = 2**31 - 1

Callback = Callable[[], object]


class Broken(Enum):
    """Why a line came back without an answer."""

    RESET = "the connection broke after the frame had left"
    TIMED_OUT = "no answer came in time"
    CLOSED = "the line was cancelled or closed"


class EventLoop:
    """The event loop that was running when this was made, as something to call functions in."""

    def __init__(self) -> None:
        native: Any = current_token().native_token
        self._from_thread = getattr(native, "call_soon_threadsafe", None) or native.run_sync_soon
        self.soon: Callable[[Callback], object] = (
            getattr(native, "call_soon", None) or native.run_sync_soon
        )
        """Calls a function once the tasks that are ready now have run. From the loop's thread."""
        self.promise: Callable[[], Promise[Any]] = (
            getattr(native, "create_future", None) or EventPromise
        )
        """Makes a promise, as cheaply as this event loop can."""

    def wake(self, function: Callback) -> None:
        """Calls a function in the loop, from any thread; does nothing if the loop has ended."""
        try:
            self._from_thread(function)
        except RuntimeError:
            return


class Socket:
    """One connection to a daemon, redialled for ever once it has stood.

    `greet` is called in the event loop each time it stands.
    """

    def __init__(self, loop: EventLoop, greet: Callback) -> None:
        self._loop = loop
        self._greet = greet
        self.turns = 0
        """How often a connection was made or broke."""
        self.connected = False
        self._req: Any = pynng.Req0(
            resend_time=-1,
            recv_max_size=0,
            reconnect_time_min=REDIAL_LEAST,
            reconnect_time_max=REDIAL_MOST,
        )
        self._req.add_post_pipe_connect_cb(self._pipe_added)
        self._req.add_post_pipe_remove_cb(self._pipe_removed)

    def dial(self, url: str) -> None:
        """Connects; blocks the thread. Raises Unavailable or Invalid."""
        try:
            self._req.dial(url, block=True)
        except pynng.ConnectionRefused:
            raise Unavailable(
                f"no daemon at {url}: start one with `botbus serve`, or set BOTBUS_URL"
            ) from None
        except pynng.PermissionDenied:
            raise Unavailable(
                f"the daemon at {url} may not be used by this user: ask for access to its socket"
            ) from None
        except pynng.Closed:
            raise Unavailable(f"no daemon answers at {url}") from None
        except pynng.NNGException as error:
            raise Invalid(
                f"url {url!r} cannot be used ({error}): give one such as ipc:///run/botbus/bus.sock"
            ) from None

    def line(self, done: Callback) -> "Line":
        """A new line; `done` is called in the event loop when it has something to tell."""
        return Line(self._req.socket, lambda: self._loop.wake(done))

    def close(self) -> None:
        self._req.close()

    def _pipe_added(self, _pipe: object) -> None:
        self.turns += 1
        self.connected = True
        self._loop.wake(self._greet)

    def _pipe_removed(self, _pipe: object) -> None:
        self.turns += 1
        self.connected = False


class Line:
    """A context of the socket. One thing at a time: `send` or `rest`, the callback, `outcome`."""

    def __init__(self, socket: Any, done: Callback) -> None:
        self._handle = _ffi.new_handle(done)
        self._context = _ffi.new("nng_ctx *")
        if code := _lib.nng_ctx_open(self._context, socket):
            raise Unavailable(f"no line to the daemon: {_text(code)}")
        self._sending = _new_aio(_ffi.NULL, _ffi.NULL)
        self._receiving = _new_aio(_completed, self._handle)

    def send(self, frame: bytes, timeout: float) -> None:
        """Sends a frame and waits for its answer, in all that many seconds."""
        message = _ffi.new("nng_msg **")
        _check(_lib.nng_msg_alloc(message, 0))
        _check(_lib.nng_msg_append(message[0], frame, len(frame)))
        _lib.nng_aio_set_msg(self._sending, message[0])
        _lib.nng_ctx_send(self._context[0], self._sending)
        # NNG allows to receive before the sending is through, which saves a wake-up.
        _lib.nng_aio_set_timeout(self._receiving, _milliseconds(timeout))
        _lib.nng_ctx_recv(self._context[0], self._receiving)

    def rest(self, seconds: float) -> None:
        """Calls back after a while, with nothing to tell."""
        _lib.nng_aio_set_timeout(self._receiving, _FOREVER)
        _lib.nng_sleep_aio(_milliseconds(seconds), self._receiving)

    def outcome(self) -> bytes | Broken:
        """The answer to a frame (empty after a rest), or why there is none."""
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
        """Gives up what is under way; the callback comes all the same."""
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


class Alarm:
    """Calls a function in the event loop after a while. Set it again only after it has rung."""

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
