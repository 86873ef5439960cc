"""The connection of one bus: who speaks, to which daemon, under which limits.

Three ways out, by what a request needs. `call` and `post` coalesce requests into frames. `alone`
gives a request that parks a line of its own. `atomic` sends several that belong together.

Each time the connection stands again the daemon is greeted anew, so it knows who is there; what the
greeting tells (the limits, the number of its start) is kept here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import anyio
from msgspec import Raw

from botbus.coalescer import ENVELOPE_BYTES, Coalescer, too_large
from botbus.courier import Courier
from botbus.errors import BadFrame, BusError, Invalid, Timeout, Unavailable
from botbus.event_loop import EventLoop
from botbus.lines import open_socket
from botbus.parcels import Alone, Atomic, Frame, Replies, result, retold
from botbus.promises import Promise
from botbus_protocol import __version__
from botbus_protocol.codec import encode
from botbus_protocol.errors import Fault
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.replies import AnyReply, Reply, Welcome
from botbus_protocol.requests import Hello, Request

SPARE_COURIERS = 8
"""Idle lines that are kept for the next request that travels alone."""
FAREWELL = 2.0
"""Seconds that closing waits for what was posted and is not answered yet."""

R = TypeVar("R", bound=Reply)


class Transport:
    def __init__(self, bot: str | None, url: str, timeout: float) -> None:
        self.bot = bot
        self.url = url
        self.timeout = timeout
        self.limits: Limits = DEFAULT_LIMITS
        self.boot = 0
        self.loop = EventLoop()
        self._socket = open_socket(self.loop, self._greet)
        self._coalescer = Coalescer(
            bot, self.loop, timeout, lambda home: Courier(self._socket, url, home)
        )
        self._spare: list[Courier] = []
        self._out: set[Courier] = set()
        self._stands = False
        self.farewells: set[Callable[[], None]] = set()
        """What is called before the connection closes, to post what is left to say."""
        self._closed: BusError | None = None

    @property
    def connection(self) -> int:
        """Which connection this is: another number as soon as it breaks."""
        return self._socket.turns

    @property
    def closed(self) -> bool:
        return self._closed is not None

    async def open(self) -> None:
        """Connects and says hello. Raises Unavailable if there is no daemon."""
        with anyio.move_on_after(self.timeout) as scope:
            await self._socket.dial(self.url)
        if scope.cancelled_caught:
            raise Timeout(f"the process at {self.url} does not answer: is it a botbus daemon?")
        await self.hello()
        self._stands = True

    async def close(self) -> None:
        """Lets what was posted arrive, then ends; whoever still waits gets Unavailable."""
        for farewell in list(self.farewells):
            farewell()
        try:
            if self._socket.connected:
                with anyio.move_on_after(min(FAREWELL, self.timeout), shield=True):
                    await self._coalescer.drained()
        finally:
            self._end()

    def _end(self) -> None:
        self._closed = Unavailable("this connection to the daemon was closed: connect again")
        self._coalescer.close(self._closed)
        for courier in [*self._spare, *self._out]:
            courier.close(self._closed)
        self._socket.close()

    async def hello(self) -> Welcome:
        request = Hello(client=f"botbus-python {__version__}")
        return narrowed(await self.alone(request), Welcome)

    async def call(self, request: Request, kind: type[R]) -> R:
        """The reply to a request. Raises BusError."""
        return narrowed(await self.asked(request), kind)

    def asked(self, request: Request) -> Promise[AnyReply | Fault | BusError]:
        """Where the reply to a request will be. Raises BusError."""
        self._check_open()
        return self._coalescer.post(encoded(request))

    def post(self, request: Request) -> None:
        """Sends a request whose reply nobody waits for."""
        if self._closed is None:
            self._coalescer.post(encoded(request))

    async def alone(self, request: Request, *, wait: str | None = None) -> AnyReply:
        """The reply to a request that travels alone; `wait` names its field of seconds to park."""
        self._check_size(len(encoded(request)))
        frame = self._alone(request, wait)
        with self._carrying(frame):
            return result(await frame.promise)

    async def atomic(self, requests: Sequence[Request]) -> Replies:
        """The replies to requests of which all or none take effect."""
        if len(requests) > self.limits.requests_per_frame:
            raise Invalid(
                f"the atomic frame has {len(requests)} requests and the limit is "
                f"{self.limits.requests_per_frame}: what must be atomic must be smaller"
            )
        parts = [Raw(encoded(request)) for request in requests]
        self._check_size(sum(map(len, parts)))
        frame = Atomic(self.bot, parts, self.timeout, self.loop.promise())
        with self._carrying(frame):
            replies = await frame.promise
        if isinstance(replies, BusError):
            raise retold(replies)
        return replies

    def _alone(self, request: Request, wait: str | None = None) -> Alone:
        promise = self.loop.promise()
        return Alone(self.bot, request, self.timeout, promise, wait=wait, then=self._heard)

    @contextmanager
    def _carrying(self, frame: Frame) -> Iterator[None]:
        """Has a frame carried while somebody waits for it."""
        courier = self._send_off(frame)
        try:
            yield
        finally:
            if courier.frame is frame:
                courier.drop()

    def _send_off(self, frame: Frame) -> Courier:
        self._check_open()
        courier = self._spare.pop() if self._spare else self._new_courier()
        self._out.add(courier)
        courier.carry(frame)
        return courier

    def _new_courier(self) -> Courier:
        return Courier(self._socket, self.url, self._home)

    def _home(self, courier: Courier) -> None:
        self._out.discard(courier)
        if len(self._spare) < SPARE_COURIERS:
            self._spare.append(courier)
        else:
            courier.close(Unavailable("not needed any more"))

    def _greet(self) -> None:
        """Says hello on a connection that has come back; `open` does it on the first."""
        if self._stands and self._closed is None:
            request = Hello(client=f"botbus-python {__version__}")
            self._send_off(self._alone(request))

    def _heard(self, reply: AnyReply | Fault) -> None:
        if isinstance(reply, Welcome):
            self.limits = self._coalescer.limits = reply.limits
            self.boot = reply.boot

    def _check_open(self) -> None:
        if self._closed is not None:
            raise Unavailable(self._closed.message)

    def _check_size(self, size: int) -> None:
        if size + ENVELOPE_BYTES > self.limits.frame_bytes:
            raise too_large(size, self.limits)


def encoded(request: Request) -> bytes:
    try:
        return encode(request)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Invalid(f"{request.__struct_config__.tag}: {error}") from None


def narrowed(reply: AnyReply | Fault | BusError, kind: type[R]) -> R:
    """The reply, if it is of that kind. Raises BusError if it is an error or of another kind."""
    if type(reply) is kind:  # nearly always
        return reply
    answer = result(reply)
    if not isinstance(answer, kind):
        raise BadFrame(f"the daemon answered with {type(answer).__name__} instead of {kind}")
    return answer
