"""What a listener has taken from its mailbox: some of it not handed out yet, some not settled.

A tray never holds more unsettled deliveries than it may. What lies in it untouched goes back to the
mailbox when half of its lease is over, when the connection broke meanwhile, and when the tray is
put away; going back never counts as a failed attempt.
"""

from collections import deque
from collections.abc import Iterable
from time import monotonic

import anyio

from botbus.deliveries import Delivery
from botbus.held import Hold
from botbus.lines import new_alarm
from botbus.requesting import nak
from botbus.transport import Transport


class Tray:
    def __init__(self, transport: Transport, most: int, lease: float) -> None:
        self._transport = transport
        self._most = most
        self._lease = lease
        self._ready: deque[Delivery] = deque()
        self._unsettled: dict[Hold, None] = {}
        self._room = anyio.Event()
        self._taken_at = 0.0
        self._batch = 1
        self._in_use = True
        self._alarm = new_alarm(transport.loop, self._tidy)
        transport.farewells.add(self.put_away)

    def take(self) -> Delivery | None:
        """The next delivery to hand out, if there is one."""
        while self._ready:
            delivery = self._ready.popleft()
            hold = delivery.hold
            if hold.connection == self._transport.connection and monotonic() < hold.ends:
                self._unsettled[hold] = None
                return delivery
            self._give_back(delivery)
        return None

    async def ask_for(self) -> int:
        """How many to fetch now; waits until there is room for one."""
        if monotonic() < self._taken_at + self._lease / 4:
            self._batch = min(self._batch * 2, self._most)
        while (room := self._most - len(self._unsettled)) <= 0:
            await self._wait_for_room()
        return min(self._batch, room)

    def fill(self, deliveries: Iterable[Delivery]) -> None:
        self._taken_at = monotonic()
        self._ready.extend(deliveries)
        if not self._in_use:
            self.put_away()
        elif len(self._ready) > 1 and not self._alarm.is_set:
            self._alarm.set(self._lease / 2)

    def released(self, hold: Hold) -> None:
        """A delivery is settled."""
        self._unsettled.pop(hold, None)
        self._room.set()

    def put_away(self) -> None:
        """Gives back what was not handed out; the tray is not used any more."""
        self._in_use = False
        self._transport.farewells.discard(self.put_away)
        self._alarm.close()
        while self._ready:
            self._give_back(self._ready.popleft())

    def _give_back(self, delivery: Delivery) -> None:
        self._transport.post(nak(delivery, delay=0.0, counts=False, reason="not handed out"))

    def _tidy(self) -> None:
        """Gives back what has lain here for half of its lease."""
        now = monotonic()
        while self._ready and self._ready[0].hold.ends - now <= self._lease / 2:
            self._give_back(self._ready.popleft())
            self._batch = 1
        if self._ready:
            self._alarm.set(self._ready[0].hold.ends - now - self._lease / 2)

    async def _wait_for_room(self) -> None:
        """Until something is settled, or its lease is over."""
        self._room = anyio.Event()
        first = min(hold.ends for hold in self._unsettled)
        with anyio.move_on_after(max(0.0, first - monotonic())):
            await self._room.wait()
        now = monotonic()
        for hold in [hold for hold in self._unsettled if hold.ends <= now]:
            del self._unsettled[hold]
