"""Which request the event loop is at work on at this moment, for the log.

Whoever steps a request's work notes it here before and takes it back after: `eagerly` for all of a
request's own work, `dispatch` for what follows its commit. What a request only sets off, timers and
tasks that serve many, is nobody's. A context variable would be handed on to those, and costs more.
"""

import threading
from typing import Protocol

from msgspec import Struct


class Peer(Protocol):
    @property
    def pid(self) -> int | None: ...


class Requester(Protocol):
    """A connection."""

    @property
    def peer(self) -> Peer: ...


class Request(Struct, frozen=True, gc=False):
    """A frame: through which connection it came, and the how manieth of that it is."""

    requester: Requester
    number: int

    def __str__(self) -> str:
        return f"{self.requester.peer.pid or '?'}.{self.number}"


class _Current:
    __slots__ = ("request",)

    def __init__(self) -> None:
        self.request: Request | None = None


CURRENT = _Current()
"""Of the event loop, which is in the main thread."""


def named() -> str:
    """The request that a line of the log belongs to, as `PID.NUMBER`; empty for none."""
    request = CURRENT.request
    if request is None or threading.current_thread() is not threading.main_thread():
        return ""
    return str(request)
