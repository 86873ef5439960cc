"""Lets requests leave together.

A request that finds nothing under way leaves at once, so an idle client pays no delay. What arrives
while frames are in flight waits, and leaves in the next one, so a busy client batches by itself.

Two frames in flight keep both sides working at the same time. A few stragglers do not make a frame
beside a large one: they wait for it, or they would cost as much as all the others together.
"""

from collections import deque
from collections.abc import Callable
from itertools import accumulate
from time import monotonic

import anyio
from msgspec import Raw

from botbus.courier import Courier
from botbus.errors import BusError, TooLarge
from botbus.event_loop import EventLoop
from botbus.parcels import Bundle, Parcel
from botbus.promises import Promise, keep
from botbus_protocol.errors import Fault
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.replies import AnyReply

FRAMES_IN_FLIGHT = 2
LEAST_SHARE = 32
"""Requests that one frame may take however few there are; of more, each frame takes an equal share,
or one frame would take nearly all, and both sides would wait for it in turn."""
STRAGGLERS = 4
"""A further frame leaves only if it holds at least one request for so many in flight."""
ENVELOPE_BYTES = 160
"""What a frame weighs without its requests, at most."""
FRESH = 0.1
"""Share of its time by which the requests of one frame may differ in age: they all have the deadline
of the first."""


class Coalescer:
    def __init__(
        self,
        bot: str | None,
        loop: EventLoop,
        timeout: float,
        courier: Callable[[Callable[[Courier], None]], Courier],
    ) -> None:
        self._bot = bot
        self._loop = loop
        self._timeout = timeout
        self._fresh = timeout * FRESH
        self._queue: deque[Parcel] = deque()
        self._in_flight = 0
        self._landing = 0
        """Frames that were answered a moment ago; those they woke are about to send more."""
        self._bundles: dict[Courier, Bundle] = {}
        self._couriers = [courier(self._home) for _ in range(FRAMES_IN_FLIGHT)]
        self._idle = list(self._couriers)
        self._landed: anyio.Event | None = None
        self.limits = DEFAULT_LIMITS

    def post(self, request: bytes) -> Promise[AnyReply | Fault | BusError]:
        """Sends a request off, now or with the next frame; the promise of its reply.

        Raises TooLarge for a request that no frame can hold.
        """
        if len(request) + ENVELOPE_BYTES > self.limits.frame_bytes:
            raise too_large(len(request), self.limits)
        promise = self._loop.promise()
        self._queue.append(Parcel(Raw(request), monotonic() + self._timeout, promise))
        if self._idle and not self._landing:
            self._dispatch()
        return promise

    async def drained(self) -> None:
        """Waits until all that was posted is answered or has failed."""
        while self._queue or self._bundles:
            self._landed = anyio.Event()
            await self._landed.wait()

    def close(self, error: BusError) -> None:
        for courier in self._couriers:
            courier.close(error)
        for parcel in self._queue:
            keep(parcel.promise, error)
        self._queue.clear()

    def _dispatch(self) -> None:
        """Sends frames off while there are couriers and enough to carry."""
        while self._idle and self._queue and len(self._queue) * STRAGGLERS >= self._in_flight:
            share = -(-(len(self._queue) + self._in_flight) // FRAMES_IN_FLIGHT)
            bundle = Bundle(self._bot, self._fill(max(LEAST_SHARE, share)))
            courier = self._idle.pop()
            self._bundles[courier] = bundle
            self._in_flight += bundle.count
            courier.carry(bundle)

    def _fill(self, most: int) -> list[Parcel]:
        """The next parcels, at most so many, that fit into one frame; one at least."""
        most = min(most, self.limits.requests_per_frame, len(self._queue))
        parcels = [self._queue.popleft() for _ in range(most)]
        room, latest = self.limits.frame_bytes - ENVELOPE_BYTES, parcels[0].deadline + self._fresh
        if (fit := that_fit(parcels, room, latest)) < len(parcels):
            self._queue.extendleft(reversed(parcels[fit:]))
            del parcels[fit:]
        return parcels

    def _home(self, courier: Courier) -> None:
        self._in_flight -= self._bundles.pop(courier).count
        self._landing += 1
        # Those who waited run first, so that what they send next leaves together.
        self._loop.soon(lambda: self._rested(courier))

    def _rested(self, courier: Courier) -> None:
        self._landing -= 1
        self._idle.append(courier)
        self._dispatch()
        if self._landed is not None:
            self._landed.set()


def that_fit(parcels: list[Parcel], room: int, latest: float) -> int:
    """How many of the first have so many bytes together, and such deadlines; one at least."""
    if sum([len(parcel.request) for parcel in parcels]) <= room and parcels[-1].deadline <= latest:
        return len(parcels)  # nearly always
    sizes = accumulate(len(parcel.request) for parcel in parcels)
    for count, (size, parcel) in enumerate(zip(sizes, parcels, strict=True)):
        if count and (size > room or parcel.deadline > latest):
            return count
    return len(parcels)


def too_large(size: int, limits: Limits) -> TooLarge:
    return TooLarge(
        f"the request has {size} bytes and a frame holds {limits.frame_bytes}: send less at once, "
        "for example the path of a file instead of its content",
        details={"limit": "frame_bytes", "figure": limits.frame_bytes},
    )
