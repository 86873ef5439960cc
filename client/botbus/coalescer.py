"""Lets requests leave together.

A request that finds nothing under way leaves at once, so an idle client pays no delay. What arrives
while frames are in flight waits, and leaves in the next one, so a busy client batches by itself.

Two frames in flight keep both sides working at the same time. A few stragglers do not make a frame
beside a large one: they wait for it, or they would cost as much as all the others together.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from botbus.courier import Courier
from botbus.errors import BusError, TooLarge
from botbus.nng import EventLoop
from botbus.parcels import PARCEL_REQUESTS, Bundle, Parcel
from botbus_protocol.limits import DEFAULT_LIMITS, Limits

FRAMES_IN_FLIGHT = 2
LEAST_SHARE = 64
"""Requests that one frame may take however few there are; of more, each frame takes an equal share,
or one frame would take nearly all, and both sides would wait for it in turn."""
STRAGGLERS = 4
"""A further frame leaves only if it holds at least one request for so many in flight."""
ENVELOPE_BYTES = 160
"""What a frame weighs without its requests, at most."""
FRESH = 0.1
"""Share of its time for which a parcel takes further requests, and a frame further parcels: they
all have the deadline of the first."""


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
        self._queued = 0
        self._in_flight = 0
        self._landing = 0
        """Frames that were answered a moment ago; those they woke are about to send more."""
        self._bundles: dict[Courier, Bundle] = {}
        self._couriers = [courier(self._home) for _ in range(FRAMES_IN_FLIGHT)]
        self._idle = list(self._couriers)
        self.limits = DEFAULT_LIMITS

    def post(self, request: bytes) -> tuple[Parcel, int]:
        """Sends a request off, now or with the next frame; its reply is at that place.

        Raises TooLarge for a request that no frame can hold.
        """
        parcel = self._open_parcel(len(request))
        place = parcel.add(request)
        self._queued += 1
        if self._idle and not self._landing:
            self._dispatch()
        return parcel, place

    async def drained(self) -> None:
        """Waits until all that was posted so far is answered or has failed."""
        waiting = [parcel for bundle in self._bundles.values() for parcel in bundle.parcels]
        for parcel in [*waiting, *self._queue]:
            with suppress(BusError):
                await parcel.wait()

    def close(self, error: BusError) -> None:
        for courier in self._couriers:
            courier.close(error)
        for parcel in self._queue:
            parcel.fail(error)
        self._queue.clear()

    def _open_parcel(self, size: int) -> Parcel:
        limits, now = self.limits, monotonic()
        if self._queue:
            last = self._queue[-1]
            if (
                len(last.requests) < min(PARCEL_REQUESTS, limits.requests_per_frame)
                and last.size + size + ENVELOPE_BYTES <= limits.frame_bytes
                and now < last.opened + self._fresh
            ):
                return last
        if size + ENVELOPE_BYTES > limits.frame_bytes:
            raise too_large(size, limits)
        parcel = Parcel(now, self._timeout)
        self._queue.append(parcel)
        return parcel

    def _dispatch(self) -> None:
        """Sends frames off while there are couriers and enough to carry."""
        while self._idle and self._queue and self._queued * STRAGGLERS >= self._in_flight:
            share = max(LEAST_SHARE, -(-(self._queued + self._in_flight) // FRAMES_IN_FLIGHT))
            bundle = Bundle(self._bot, self._fill(-(-share // PARCEL_REQUESTS)))
            courier = self._idle.pop()
            self._bundles[courier] = bundle
            self._queued -= bundle.count
            self._in_flight += bundle.count
            courier.carry(bundle)

    def _fill(self, most: int) -> list[Parcel]:
        """The next parcels, at most so many, that fit into one frame; one at least."""
        first = self._queue.popleft()
        parcels = [first]
        count, size = len(first.requests), first.size
        while self._queue and len(parcels) < most:
            parcel = self._queue[0]
            count += len(parcel.requests)
            size += parcel.size
            if (
                count > self.limits.requests_per_frame
                or size + ENVELOPE_BYTES > self.limits.frame_bytes
                or parcel.deadline > first.deadline + self._fresh
            ):
                break
            parcels.append(self._queue.popleft())
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


def too_large(size: int, limits: Limits) -> TooLarge:
    return TooLarge(
        f"the request has {size} bytes and a frame holds {limits.frame_bytes}: send less at once, "
        "for example the path of a file instead of its content",
        details={"limit": "frame_bytes", "figure": limits.frame_bytes},
    )
