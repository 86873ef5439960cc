"""A bot's mailbox while the bot is around: what is ready, leased, waiting, and who waits for it.

Pure: no disk, no clock, no loop; whoever calls passes the time. It decides which delivery goes to
whom, and the invariants are its own: a delivery has at most one holder; fresh messages come in
commit order; nothing is forgotten, for everything at or below a source's position is in `fresh`, in
`open`, or has a row on disk.
"""

import heapq
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from botbus_daemon.backoff import DeliveryPolicy, backoff, exhausted
from botbus_daemon.deliveries import OpenDelivery
from botbus_protocol.records import Message


class Mailbox:
    """The state of one bot's deliveries. Times are seconds of one monotonic clock."""

    def __init__(self, bot_id: str, bot: str, policy: DeliveryPolicy) -> None:
        self.bot_id = bot_id
        self.bot = bot
        self.policy = policy
        self.positions: dict[str, int] = {}
        """By source: messages up to there have been gathered."""
        self.fresh: deque[Message] = deque()
        """Gathered and never handed out."""
        self.open: dict[int, OpenDelivery] = {}
        self.in_flight = 0
        self.gathering = False
        """Whether somebody is reading from disk what `gathered` will be given."""
        self._withheld: dict[int, Message | None] = {}
        self._settled_meanwhile: set[int] = set()
        self._ready: list[int] = []
        self._timers: list[tuple[float, int]] = []

    # What comes in

    def gathered(
        self, messages: Iterable[Message], position: int, sources: Iterable[str] | None = None
    ) -> None:
        """Takes over messages in commit order; up to `position` they are all there are.

        `sources` are those that were looked at, by default all.
        """
        newest = self.fresh[-1].seq if self.fresh else 0
        overtaken = False
        for message in messages:
            if message.seq in self._withheld:
                self._withheld[message.seq] = message
            elif message.seq not in self.open and message.seq not in self._settled_meanwhile:
                self.fresh.append(message)
                overtaken |= message.seq < newest
        if overtaken:  # a source was added that reaches further back
            self.fresh = deque(sorted(self.fresh, key=_seq_of))
        if self._settled_meanwhile:
            self._settled_meanwhile = {s for s in self._settled_meanwhile if s > position}
        for source in self.positions if sources is None else sources:
            self.positions[source] = max(self.positions[source], position)

    def restore(self, delivery: OpenDelivery) -> None:
        """Takes over a delivery that the disk knows as open; waiting ones have a deadline."""
        self.open[delivery.seq] = delivery
        if delivery.state == "waiting":
            heapq.heappush(self._timers, (delivery.deadline, delivery.seq))
        else:
            heapq.heappush(self._ready, delivery.seq)

    # What goes out

    def has_room(self) -> bool:
        return self.in_flight < self.policy.max_in_flight

    def unread(self, count: int) -> list[int]:
        """Seqs of ready deliveries whose messages have to be read before they can be handed out."""
        seqs = heapq.nsmallest(count, self._ready)
        return [s for s in seqs if s in self.open and self.open[s].message is None]

    def next_ready(self) -> OpenDelivery | None:
        """The delivery to hand out next, in commit order; the caller leases it or puts it off."""
        while self._ready:
            delivery = self.open.get(self._ready[0])
            if delivery is None or delivery.state != "ready":
                heapq.heappop(self._ready)  # settled or taken meanwhile
                continue
            if self.fresh and self.fresh[0].seq < delivery.seq:
                break
            if delivery.message is None:
                return None
            heapq.heappop(self._ready)
            return delivery
        if not self.fresh:
            return None
        message = self.fresh.popleft()
        delivery = self.open[message.seq] = OpenDelivery(message.seq, message)
        return delivery

    def lease(
        self, delivery: OpenDelivery, lease: str, holder: Any, pid: int | None, deadline: float
    ) -> None:
        """Hands a ready delivery to a holder until the deadline."""
        delivery.move("leased")
        delivery.lease, delivery.holder, delivery.holder_pid = lease, holder, pid
        delivery.attempts += 1
        delivery.deadline = deadline
        delivery.recorded = False
        self.in_flight += 1
        heapq.heappush(self._timers, (deadline, delivery.seq))

    def postpone(self, delivery: OpenDelivery, due: float) -> None:
        """Puts a delivery off until it is due; it keeps its lease's name for a late ack."""
        self._leave(delivery)
        delivery.move("waiting")
        delivery.deadline = due
        delivery.recorded = False
        heapq.heappush(self._timers, (due, delivery.seq))

    def extend(self, delivery: OpenDelivery, deadline: float) -> None:
        delivery.deadline = deadline
        heapq.heappush(self._timers, (deadline, delivery.seq))

    # What comes back

    def settling(self, delivery: OpenDelivery) -> None:
        """Its verdict is on the way to the disk: no timer and no disconnect touches it now."""
        if delivery.state != "settling":
            delivery.was = delivery.state
        delivery.move("settling")

    def settled(self, seq: int, *, ahead: bool = False) -> None:
        """Its verdict is on disk. `ahead`: it may not have been gathered yet, and will be."""
        self._withheld.pop(seq, None)
        if self.gathering or ahead:
            self._settled_meanwhile.add(seq)
        if (delivery := self.open.pop(seq, None)) is not None:
            self._leave(delivery)
            delivery.move("gone")
        elif any(message.seq == seq for message in self.fresh):
            self.fresh = deque(m for m in self.fresh if m.seq != seq)

    def unsettled(self, delivery: OpenDelivery) -> None:
        """Its verdict could not be written: it is as it was, leased by its holder, waiting or ready."""
        if delivery.state != "settling" or self.open.get(delivery.seq) is not delivery:
            return
        if delivery.was == "ready":
            self._make_ready(delivery)
        else:
            delivery.move(delivery.was)
            heapq.heappush(self._timers, (delivery.deadline, delivery.seq))

    def give_back(self, delivery: OpenDelivery, now: float) -> bool:
        """A lease ended without a verdict. False if that was the last attempt: it is dead."""
        if exhausted(self.policy, delivery.attempts):
            self.settling(delivery)
            return False
        self.postpone(delivery, now + backoff(self.policy, delivery.attempts))
        return True

    def uncount(self, delivery: OpenDelivery) -> None:
        """Takes a delivery back that its holder never saw."""
        delivery.attempts -= 1
        self._make_ready(delivery)

    def held_by(self, holder: Any) -> list[OpenDelivery]:
        """What a session has leased."""
        return [d for d in self.open.values() if d.holder is holder and d.state == "leased"]

    def withhold(self, seq: int) -> None:
        """Keeps a message that nobody holds from being handed out, until `settled` or `release`."""
        if (delivery := self.open.get(seq)) is not None:
            self.settling(delivery)
            return
        message = next((m for m in self.fresh if m.seq == seq), None)
        if message is not None:
            self.fresh = deque(m for m in self.fresh if m.seq != seq)
        self._withheld.setdefault(seq, message)

    def release(self, seq: int) -> bool:
        """Undoes `withhold`. False if the message is not here: it was not gathered yet."""
        if (delivery := self.open.get(seq)) is not None:
            self.unsettled(delivery)
            return True
        message = self._withheld.pop(seq, None)
        if message is None:
            return False
        insort(self.fresh, message, key=_seq_of)
        return True

    def lend(self, seq: int) -> bool:
        """Keeps a message back for somebody who takes it for good (`settled`) or does not
        (`take_back`). False if it was handed out, or is kept back already.
        """
        delivery = self.open.get(seq)
        if seq in self._withheld:
            return False
        if delivery is not None and delivery.state not in {"ready", "waiting"}:
            return False
        self.withhold(seq)
        return True

    def take_back(self, message: Message, *, routed: bool) -> None:
        """Undoes `lend`. `routed`: whether the message will be gathered, if it was not yet."""
        if not self.release(message.seq) and not routed:
            self.restore(OpenDelivery(message.seq, message))

    # Time

    def due(self, now: float) -> list[OpenDelivery]:
        """Makes ready what was waiting for this moment; returns the leases that have ended."""
        ended: dict[int, OpenDelivery] = {}  # a delivery may have several timers of one moment
        while self._timers and self._timers[0][0] <= now:
            _, seq = heapq.heappop(self._timers)
            delivery = self.open.get(seq)
            if delivery is None or delivery.deadline > now:
                continue
            if delivery.state == "waiting":
                self._make_ready(delivery)
            elif delivery.state == "leased":
                ended[seq] = delivery
        return list(ended.values())

    def next_due(self) -> float | None:
        """When `due` has something to do next; may be early, never late."""
        return self._timers[0][0] if self._timers else None

    # What the disk does not know yet

    def unrecorded(self) -> Iterator[OpenDelivery]:
        return (d for d in self.open.values() if _unrecorded(d))

    def cursors(self) -> dict[str, int]:
        """By source: how far everything has a row, once what is unrecorded has been written."""
        floor = min((d.seq for d in self.open.values() if self._rowless(d)), default=None)
        held = [*self._withheld, self.fresh[0].seq] if self.fresh else list(self._withheld)
        floor = min(held, default=floor) if floor is None else min(floor, *held, floor)
        if floor is None:
            return dict(self.positions)
        return {source: min(p, floor - 1) for source, p in self.positions.items()}

    def _rowless(self, delivery: OpenDelivery) -> bool:
        return not delivery.recorded and not _unrecorded(delivery)

    def _make_ready(self, delivery: OpenDelivery) -> None:
        self._leave(delivery)
        delivery.move("ready")
        heapq.heappush(self._ready, delivery.seq)

    def _leave(self, delivery: OpenDelivery) -> None:
        if delivery.holder is not None:
            delivery.holder = None
            self.in_flight -= 1


def _seq_of(message: Message) -> int:
    return message.seq


def _unrecorded(delivery: OpenDelivery) -> bool:
    """Whether the disk has to be told of it; of one that nobody was ever handed it need not know."""
    if delivery.recorded:
        return False
    return delivery.state in {"leased", "waiting"} or (
        delivery.state == "ready" and delivery.attempts > 0
    )
