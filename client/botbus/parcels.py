"""What travels, and what it is packed in.

A `Parcel` is one request with the promise of its reply. A `Frame` is what a courier carries: a
`Bundle` holds as many parcels as may leave together, `Alone` is one request that parks or must not
wait for others, `Atomic` is several requests that the daemon does all or none of.

Invariant: each request gets its reply or an error, once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import monotonic

import msgspec
from msgspec import Raw, Struct

from botbus.errors import BadFrame, BusError, error_of
from botbus.promises import Promise, keep
from botbus_protocol.codec import encode_frame
from botbus_protocol.errors import Fault
from botbus_protocol.replies import AnyReply
from botbus_protocol.requests import Request

Replies = Sequence[AnyReply | Fault]


class Parcel(Struct, frozen=True, gc=False):
    """A request, already encoded, until when it may be answered, and who waits for that."""

    request: Raw
    deadline: float
    promise: Promise[AnyReply | Fault | BusError]


class Frame(ABC):
    """What a courier carries until it is answered or its deadline has passed."""

    deadline: float

    @abstractmethod
    def encode(self) -> bytes:
        """Bytes to send, the first time or once more."""

    @abstractmethod
    def answer(self, replies: Replies) -> None: ...

    @abstractmethod
    def fail(self, error: BusError) -> None: ...


class Bundle(Frame):
    """Parcels that leave in one frame, oldest first."""

    def __init__(self, bot: str | None, parcels: list[Parcel]) -> None:
        self._bot = bot
        self._parcels = parcels
        self.deadline = parcels[0].deadline
        self.count = len(parcels)

    def encode(self) -> bytes:
        return encode_frame(self._bot, [parcel.request for parcel in self._parcels])

    def answer(self, replies: Replies) -> None:
        for parcel, reply in zip(self._parcels, matched(replies, self.count), strict=True):
            keep(parcel.promise, reply)

    def fail(self, error: BusError) -> None:
        for parcel in self._parcels:
            keep(parcel.promise, error)


class Atomic(Frame):
    """Requests that take effect together or not at all."""

    def __init__(
        self,
        bot: str | None,
        requests: Sequence[Raw],
        timeout: float,
        promise: Promise[Replies | BusError],
    ) -> None:
        self._bytes = encode_frame(bot, requests, atomic=True)
        self._count = len(requests)
        self.deadline = monotonic() + timeout
        self.promise = promise

    def encode(self) -> bytes:
        return self._bytes

    def answer(self, replies: Replies) -> None:
        keep(self.promise, matched(replies, self._count))

    def fail(self, error: BusError) -> None:
        keep(self.promise, error)


class Alone(Frame):
    """One request in a frame of its own.

    `wait` names its field that says for how long the daemon may hold it: sent once more, it asks
    only for what is left of that time.
    """

    def __init__(
        self,
        bot: str | None,
        request: Request,
        timeout: float,
        promise: Promise[AnyReply | Fault | BusError],
        *,
        wait: str | None = None,
        then: Callable[[AnyReply | Fault], None] | None = None,
    ) -> None:
        self._bot = bot
        self._request = request
        self._wait = wait
        self._then = then
        self._started = monotonic()
        self._seconds: float = getattr(request, wait) if wait else 0.0
        self._sent = False
        self.deadline = self._started + self._seconds + timeout
        self.promise = promise

    def encode(self) -> bytes:
        request = self._request
        if self._sent and self._wait:
            left = max(0.0, self._started + self._seconds - monotonic())
            request = msgspec.structs.replace(request, **{self._wait: left})
        self._sent = True
        return encode_frame(self._bot, [request])

    def answer(self, replies: Replies) -> None:
        (reply,) = matched(replies, 1)
        if self._then is not None:
            self._then(reply)
        keep(self.promise, reply)

    def fail(self, error: BusError) -> None:
        keep(self.promise, error)


def matched(replies: Replies, count: int) -> Replies:
    """As many replies as there were requests: a frame refused as a whole has one for all."""
    if len(replies) == count:
        return replies
    if len(replies) == 1 and isinstance(replies[0], Fault):
        return [replies[0]] * count
    text = f"the daemon answered {count} requests with {len(replies)} replies"
    return [Fault(BadFrame.default_code, text)] * count


def result(reply: AnyReply | Fault | BusError) -> AnyReply:
    """The reply itself. Raises BusError if the request was refused, or nothing came back."""
    if isinstance(reply, Fault):
        raise error_of(reply)
    if isinstance(reply, BusError):
        raise retold(reply)
    return reply


def retold(error: BusError) -> BusError:
    """The same error once more: each task that is told needs a traceback of its own."""
    return type(error)(error.message, code=error.code, details=error.details)
