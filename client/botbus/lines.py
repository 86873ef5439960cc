"""Ways to carry frames to the daemon and their answers back, and which of them is taken.

There are two: under asyncio the client speaks NNG's wire format itself (`wire`), because a frame
through NNG's threads costs more than all the rest of it; elsewhere NNG does (`nng`). Both look the same
from outside, and call back on the thread of the event loop and in no task, so to carry a frame takes
neither a task nor a cancel scope.
"""

from enum import Enum
from typing import Protocol

from botbus.errors import Invalid, Unavailable
from botbus.event_loop import Callback, EventLoop

REDIAL_LEAST = 0.01
REDIAL_MOST = 0.25
"""Seconds between attempts to connect again, from the first to the last."""


class Broken(Enum):
    """Why a line came back without an answer."""

    RESET = "the connection broke after the frame had left"
    TIMED_OUT = "no answer came in time"
    CLOSED = "the line was cancelled or closed"


class Line(Protocol):
    """Carries one frame at a time: `send` or `rest`, the callback, `outcome`."""

    def send(self, frame: bytes, timeout: float) -> None:
        """Sends a frame and waits for its answer, in all that many seconds.

        Without a connection the frame waits for one.
        """

    def rest(self, seconds: float) -> None:
        """Calls back after a while, with nothing to tell."""

    def outcome(self) -> bytes | Broken:
        """The answer to a frame (empty after a rest), or why there is none."""

    def cancel(self) -> None:
        """Gives up what is under way; the callback comes all the same, a moment later."""

    def close(self) -> None:
        """Frees everything. The callback may still come once."""


class Socket(Protocol):
    """One connection to a daemon, redialled for ever once it has stood."""

    turns: int
    """How often a connection was made or broke."""
    connected: bool

    async def dial(self, url: str) -> None:
        """Connects. Raises Unavailable or Invalid."""

    def line(self, done: Callback) -> Line:
        """A new line; `done` is called in the event loop when it has something to tell."""

    def close(self) -> None: ...


class Alarm(Protocol):
    """Calls a function in the event loop after a while. Set it again only after it has rung."""

    is_set: bool

    def set(self, seconds: float) -> None: ...
    def close(self) -> None: ...


def open_socket(loop: EventLoop, greet: Callback) -> Socket:
    """A socket for this event loop; `greet` is called in it each time a connection stands."""
    if loop.is_asyncio:
        from botbus.wire import WireSocket

        return WireSocket(greet)
    from botbus.nng import NngSocket

    return NngSocket(loop, greet)


def new_alarm(loop: EventLoop, ring: Callback) -> Alarm:
    if loop.is_asyncio:
        from botbus.wire import WireAlarm

        return WireAlarm(ring)
    from botbus.nng import NngAlarm

    return NngAlarm(loop, ring)


def no_daemon(url: str) -> Unavailable:
    return Unavailable(f"no daemon at {url}: start one with `botbus serve`, or set BOTBUS_URL")


def denied(url: str) -> Unavailable:
    return Unavailable(
        f"the daemon at {url} may not be used by this user: ask for access to its socket"
    )


def nobody(url: str) -> Unavailable:
    return Unavailable(f"no daemon answers at {url}")


def no_url(url: str, why: object) -> Invalid:
    return Invalid(
        f"url {url!r} cannot be used ({why}): give one such as ipc:///run/botbus/bus.sock"
    )
