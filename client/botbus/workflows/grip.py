"""How a worker holds a run: its lease, and the checkpoints that are made under it.

A checkpoint is on disk when `call` returns. A daemon that is away, busy or full is asked again until it
answers or says that the lease is lost; then the run is somebody else's, and whoever is at work on it
here is stopped by `Gone`.

The daemon extends the lease with each checkpoint. When half of it has passed since, or the connection
has changed, this side cannot be `sure` any more that the run is still its own, and must ask before it
does anything to the world.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from botbus.errors import (
    BusError,
    Internal,
    LeaseLost,
    Limit,
    NotFound,
    ShuttingDown,
    StorageFailed,
    StorageFull,
    Timeout,
    Unavailable,
    error_of,
)
from botbus.transport import R, Transport
from botbus.workflows.errors import Gone
from botbus_protocol.errors import Fault
from botbus_protocol.replies import AnyReply, RunReply
from botbus_protocol.requests import GetRun, Request

T = TypeVar("T")

PASSING = (Unavailable, Timeout, ShuttingDown, StorageFull, StorageFailed, Internal, Limit)
"""Errors that say nothing about what was asked: it is asked again."""
PAUSE = 0.2
"""Seconds before a checkpoint is tried again."""


class Grip:
    """The lease of one run; `let_go` is called, once, when it is over."""

    __slots__ = (
        "_connection",
        "_let_go",
        "_transport",
        "lease",
        "over",
        "run",
        "seconds",
        "touched",
    )

    def __init__(
        self,
        transport: Transport,
        run: str,
        lease: str,
        seconds: float,
        touched: float,
        let_go: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._connection = transport.connection
        self._let_go = let_go
        self.run = run
        self.lease = lease
        self.seconds = seconds
        self.touched = touched
        """The last moment (monotonic) from which the daemon counts the lease, at the earliest."""
        self.over = False

    @property
    def sure(self) -> bool:
        """Whether the run is still here without a doubt."""
        return (
            not self.over
            and monotonic() < self.touched + self.seconds / 2
            and self._connection == self._transport.connection
        )

    def lose(self) -> None:
        """The run is not here any more."""
        if not self.over:
            self.over = True
            self._let_go()

    async def gone(self) -> Gone:
        """What to raise where the run is not here any more; a cancelled task ends in here already."""
        await checkpoint()
        return Gone()

    def call(self, request: Request, kind: type[R]) -> Coroutine[Any, Any, R]:
        """The reply to a checkpoint. Raises Gone, and BusError if the request itself is wrong."""
        return self._answered(partial(self._transport.call, request, kind), self._told)

    def atomic(self, requests: Sequence[Request]) -> Coroutine[Any, Any, Sequence[AnyReply]]:
        """The replies to several that belong together."""
        return self._answered(partial(self._all, requests), self._told_all)

    async def _all(self, requests: Sequence[Request]) -> Sequence[AnyReply]:
        """Raises what any of them is refused with."""
        replies: list[AnyReply] = []
        for answer in await self._transport.atomic(requests):
            if isinstance(answer, Fault):
                raise error_of(answer)
            replies.append(answer)
        return replies

    async def _answered(self, ask: Callable[[], Awaitable[T]], told: Callable[[T, float], T]) -> T:
        """What comes of asking until there is an answer; `told` hears of it, and when it was asked."""
        while not self.over:
            sent = monotonic()
            try:
                return told(await ask(), sent)
            except LeaseLost:
                self.lose()
            except NotFound:
                if await self._is_there():
                    raise
                self.lose()
            except PASSING as error:
                await self._pause(error)
        raise await self.gone()

    def post(self, request: Request) -> None:
        """Tells something that nobody waits for."""
        self._transport.post(request)

    async def _is_there(self) -> bool:
        """Whether there is a run at all; if so, it is something else that was not found."""
        try:
            await self._transport.call(GetRun(id=self.run), RunReply)
        except NotFound:
            return False
        except BusError:
            return True
        return True

    def _told(self, reply: R, sent: float) -> R:
        self.touched = sent
        if getattr(reply, "pausing", False):
            self.lose()
        return reply

    def _told_all(self, replies: Sequence[AnyReply], sent: float) -> Sequence[AnyReply]:
        for reply in replies:
            self._told(reply, sent)
        return replies

    async def _pause(self, error: BusError) -> None:
        if self._transport.closed:
            self.lose()
            raise Gone from error
        await anyio.sleep(PAUSE)
