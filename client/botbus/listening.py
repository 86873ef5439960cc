"""A mailbox, and the live stream of messages, as things to iterate over.

They are iterators and not async generators, because a generator that is left early can only be
cleaned up by awaiting, later, by somebody else. A `Listening` that is left, by `break` or because
nobody remembers it, gives back at once what it had taken and not handed out.
"""

from collections import deque
from typing import Self

from botbus.deliveries import Delivery
from botbus.errors import Unavailable
from botbus.fetching import fetched
from botbus.requesting import checked
from botbus.transport import Transport, narrowed
from botbus.tray import Tray
from botbus_protocol.records import Message
from botbus_protocol.replies import Messages
from botbus_protocol.requests import Tail

POLL = 300.0
"""Seconds of one long poll."""
TAIL_MESSAGES = 100


class Listening:
    """Deliveries of one's own mailbox as they come, until the bus is closed."""

    def __init__(self, transport: Transport, max_in_flight: int, lease: float) -> None:
        self._transport = transport
        self._lease = lease
        self._tray = Tray(transport, max_in_flight, lease)
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        while (delivery := self._tray.take()) is None:
            await self._fetch()
        return delivery

    async def aclose(self) -> None:
        """Ends the iteration, and gives back what was not handed out."""
        self._over = True
        self._tray.put_away()

    async def _fetch(self) -> None:
        try:
            if self._over:
                raise StopAsyncIteration
            most = await self._tray.ask_for()
            deliveries = await fetched(
                self._transport, most, POLL, self._lease, self._tray.released
            )
        except Unavailable:
            if self._transport.closed:
                raise StopAsyncIteration from None
            raise
        self._tray.fill(deliveries)

    def __del__(self) -> None:
        if hasattr(self, "_tray"):  # it may be collected on any thread
            self._transport.loop.wake(self._tray.put_away)


class Tailing:
    """Messages as they are committed, for watching; nothing is taken from anybody."""

    def __init__(
        self, transport: Transport, channel: str | None, bot: str | None, after: int | None
    ) -> None:
        self._transport = transport
        self._request = checked(Tail, channel=channel, bot=bot, after=after, max=TAIL_MESSAGES)
        self._after = after
        self._ready: deque[Message] = deque()
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._ready:
            await self._read()
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Ends the iteration."""
        self._over = True

    async def _read(self) -> None:
        if self._over:
            raise StopAsyncIteration
        # The first reading only tells where "from now on" begins, so that none is missed after it.
        wait = 0.0 if self._after is None else min(POLL, self._transport.limits.wait_seconds)
        request = checked(
            Tail,
            channel=self._request.channel,
            bot=self._request.bot,
            after=self._after,
            max=TAIL_MESSAGES,
            wait=wait,
        )
        try:
            reply = narrowed(await self._transport.alone(request, wait="wait"), Messages)
        except Unavailable:
            if self._transport.closed:
                raise StopAsyncIteration from None
            raise
        self._ready.extend(reply.messages)
        self._after = max(reply.last_seq, self._after or 0)
