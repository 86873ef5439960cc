"""What waits together and travels together.

A `Parcel` is a handful of requests whose senders wait on one event: a busy client pays for an event
and a wake-up once a parcel, not once a request. A `Frame` is what a courier carries: a `Bundle`
holds as many parcels as may leave together, `Alone` is one request that parks or must not wait for
others, `Atomic` is several requests that the daemon does all or none of.

Invariant: each request gets its reply or an error, once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import monotonic

import anyio
import msgspec
from msgspec import Raw

from botbus.errors import BadFrame, BusError, error_of
from botbus_protocol.codec import encode_frame
from botbus_protocol.errors import Fault
from botbus_protocol.replies import AnyReply
from botbus_protocol.requests import Request

PARCEL_REQUESTS = 16
"""So few that two frames in flight can share the work evenly, so many that events cost little."""


class Promise:
    """Something that is answered, or fails, once; any number of tasks may wait for it."""

    __slots__ = ("_event", "error", "replies")

    def __init__(self) -> None:
        self.replies: Sequence[AnyReply | Fault] | None = None
        self.error: BusError | None = None
        self._event: anyio.Event | None = None

    @property
    def open(self) -> bool:
        return self.replies is None and self.error is None

    def answer(self, replies: Sequence[AnyReply | Fault]) -> None:
        self.replies = replies
        if self._event is not None:
            self._event.set()

    def fail(self, error: BusError) -> None:
        self.error = error
        if self._event is not None:
            self._event.set()

    async def wait(self) -> Sequence[AnyReply | Fault]:
        """The replies. Raises BusError if there will be none."""
        if self.replies is None and self.error is None:
            if self._event is None:
                self._event = anyio.Event()
            await self._event.wait()
        if self.replies is None:
            # Each waiting task needs a traceback of its own.
            assert self.error is not None
            error = self.error
            raise type(error)(error.message, code=error.code, details=error.details)
        return self.replies


class Parcel(Promise):
    """A few requests, already encoded, whose senders wait together."""

    __slots__ = ("deadline", "opened", "requests", "size")

    def __init__(self, now: float, timeout: float) -> None:
        super().__init__()
        self.requests: list[Raw] = []
        self.size = 0
        self.opened = now
        self.deadline = now + timeout

    def add(self, request: bytes) -> int:
        """Puts a request in, and tells its place."""
        self.requests.append(Raw(request))
        self.size += len(request)
        return len(self.requests) - 1


class Frame(ABC):
    """What a courier carries until it is answered or its deadline has passed."""

    deadline: float

    @abstractmethod
    def encode(self) -> bytes:
        """Bytes to send, the first time or once more."""

    @abstractmethod
    def answer(self, replies: list[AnyReply | Fault]) -> None: ...

    @abstractmethod
    def fail(self, error: BusError) -> None: ...


class Bundle(Frame):
    """Parcels that leave in one frame."""

    def __init__(self, bot: str | None, parcels: list[Parcel]) -> None:
        self._bot = bot
        self.parcels = parcels
        self.deadline = min(parcel.deadline for parcel in parcels)
        self.count = sum(len(parcel.requests) for parcel in parcels)

    def encode(self) -> bytes:
        requests = [request for parcel in self.parcels for request in parcel.requests]
        return encode_frame(self._bot, requests)

    def answer(self, replies: list[AnyReply | Fault]) -> None:
        replies = matched(replies, self.count)
        start = 0
        for parcel in self.parcels:
            end = start + len(parcel.requests)
            parcel.answer(replies[start:end])
            start = end

    def fail(self, error: BusError) -> None:
        for parcel in self.parcels:
            parcel.fail(error)


class Atomic(Frame):
    """Requests that take effect together or not at all."""

    def __init__(self, bot: str | None, requests: Sequence[Raw], timeout: float) -> None:
        self._bytes = encode_frame(bot, requests, atomic=True)
        self._count = len(requests)
        self.deadline = monotonic() + timeout
        self.promise = Promise()

    def encode(self) -> bytes:
        return self._bytes

    def answer(self, replies: list[AnyReply | Fault]) -> None:
        self.promise.answer(matched(replies, self._count))

    def fail(self, error: BusError) -> None:
        self.promise.fail(error)


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
        self.promise = Promise()

    def encode(self) -> bytes:
        request = self._request
        if self._sent and self._wait:
            left = max(0.0, self._started + self._seconds - monotonic())
            request = msgspec.structs.replace(request, **{self._wait: left})
        self._sent = True
        return encode_frame(self._bot, [request])

    def answer(self, replies: list[AnyReply | Fault]) -> None:
        replies = matched(replies, 1)
        if self._then is not None:
            self._then(replies[0])
        self.promise.answer(replies)

    def fail(self, error: BusError) -> None:
        self.promise.fail(error)


def matched(replies: list[AnyReply | Fault], count: int) -> list[AnyReply | Fault]:
    """As many replies as there were requests: a frame refused as a whole has one for all."""
    if len(replies) == count:
        return replies
    if len(replies) == 1 and isinstance(replies[0], Fault):
        return replies * count
    text = f"the daemon answered {count} requests with {len(replies)} replies"
    return [Fault(BadFrame.default_code, text)] * count


def result(reply: AnyReply | Fault) -> AnyReply:
    """The reply itself. Raises BusError if the request was refused."""
    if isinstance(reply, Fault):
        raise error_of(reply)
    return reply
