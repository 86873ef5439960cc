"""Carries deliveries from one mailbox to the fetches that wait for them.

The mailbox decides; the courier gives it the time, has it filled, and arms its one timer. It is loaded
when a bot first fetches and let go when the bot has left.
"""

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from msgspec import Struct

from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.gathering import Gatherer
from botbus_daemon.mailbox import Mailbox
from botbus_daemon.monitoring.traces import HEADER, Traces
from botbus_daemon.presence import Session
from botbus_daemon.recording import row_of
from botbus_daemon.streams import size_of
from botbus_protocol import timestamps
from botbus_protocol.records import Delivery, Message
from botbus_storage import clock
from botbus_storage.reading.mailboxes import OpenDelivery as StoredDelivery

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker

SHORT_WAIT = 5.0
"""Seconds; a delivery that waits longer gives up its message's memory and is read again."""


class Fetcher(Struct):
    """A fetch that is being served."""

    session: Session
    max: int
    lease: float
    ticket: str
    future: "asyncio.Future[list[Delivery]]"


class Courier:
    """One per loaded mailbox."""

    def __init__(self, broker: "Broker", mailbox: Mailbox) -> None:
        self.broker = broker
        self.mailbox = mailbox
        self.saved_cursors: dict[str, int] = {}
        self.fetchers: deque[Fetcher] = deque()
        self.gatherer = Gatherer(
            mailbox, broker.streams, broker.store.mailboxes, self, filled=self.serve
        )
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = inf

    # Loading and letting go

    async def load(self) -> None:
        """Takes over what the disk knows of the mailbox."""
        state = await self.broker.store.mailboxes.load(self.mailbox.bot_id)
        for source, position in state.positions.items():
            self.gatherer.add(source, position)
        self.saved_cursors = dict(state.positions)
        for stored in state.open:
            self.mailbox.restore(self._restored(stored))
        self._arm()

    def _restored(self, stored: StoredDelivery) -> OpenDelivery:
        delivery = OpenDelivery(stored.seq)
        delivery.attempts = stored.attempts
        delivery.lease = stored.lease
        delivery.first_fetched_at = stored.first_fetched_at
        delivery.recorded = True
        if stored.state == "waiting" and stored.due_at is not None:
            left = timestamps.to_epoch(stored.due_at) - clock.now()
            if left > 0:
                delivery.move("waiting")
                delivery.deadline = self._loop.time() + left
        return delivery

    def busy(self) -> bool:
        """Whether somebody holds or awaits something of this mailbox, or it is not recorded yet."""
        return bool(
            self.fetchers
            or self.gatherer.filling
            or self.mailbox.in_flight
            or any(True for _ in self.mailbox.unrecorded())
        )

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.gatherer.close()

    def add_source(self, channel: str, position: int) -> None:
        """Reads a channel from a position on."""
        if self.gatherer.add(channel, position):
            self.broker.woken.add(self)

    # Serving fetches

    def wake(self) -> None:
        self.broker.woken.add(self)

    def take(self, fetcher: Fetcher) -> list[Delivery]:
        """Leases what is ready, up to the fetch's maximum and what one answer may hold."""
        taken: list[Delivery] = []
        room = self.broker.settings.limits.frame_bytes
        moment = _Moment(self._loop.time(), fetcher.lease)
        while len(taken) < fetcher.max and room > 0 and self.mailbox.has_room():
            if not self.gatherer.in_step():
                break
            delivery = self.mailbox.next_ready()
            if delivery is None:
                if not self.gatherer.gather():
                    break
            elif not self._put_off(delivery, moment):
                taken.append(self._lease(delivery, fetcher, moment))
                room -= size_of(taken[-1].message)
        if taken:
            self.broker.tally.deliveries += len(taken)
            self.broker.recorder.touch(self)
        return taken

    def serve(self) -> None:
        """Hands what is ready to the fetches that wait, first come first served."""
        while self.fetchers:
            fetcher = self.fetchers[0]
            if not fetcher.future.done():
                taken = self.take(fetcher)
                if not taken:
                    break
                fetcher.future.set_result(taken)
            self.fetchers.popleft()
        self.gatherer.listen(on=bool(self.fetchers))
        self._arm()

    def park(self, fetcher: Fetcher) -> None:
        """Lets a fetch wait until there is something for it."""
        self.fetchers.append(fetcher)
        self.gatherer.listen(on=True)
        self._arm()

    def unpark(self, fetcher: Fetcher) -> None:
        if fetcher in self.fetchers:
            self.fetchers.remove(fetcher)
        self.gatherer.listen(on=bool(self.fetchers))

    def cancel(self, session: Session, ticket: str) -> bool:
        """Ends a fetch whose caller is gone, and takes back what it was handed."""
        session.cancel(ticket)
        for fetcher in list(self.fetchers):
            if fetcher.session is session and fetcher.ticket == ticket:
                if not fetcher.future.done():
                    fetcher.future.set_result([])
                self.fetchers.remove(fetcher)
                return True
        unseen = [d for d in self.mailbox.held_by(session) if d.ticket == ticket]
        for delivery in unseen:
            self.mailbox.uncount(delivery)
        self.serve()
        return bool(unseen)

    def close_session(self, session: Session) -> None:
        """The connection is gone: its fetches end, its leases too."""
        self.fetchers = deque(f for f in self.fetchers if f.session is not session)
        for delivery in self.mailbox.held_by(session):
            self._end_lease(delivery, "the connection of its holder ended")
        self.serve()

    def _lease(self, delivery: OpenDelivery, fetcher: Fetcher, moment: "_Moment") -> Delivery:
        message = delivery.message
        assert message is not None
        session = fetcher.session
        lease = self.broker.next_lease()
        pid = session.connection.peer.pid
        self.mailbox.lease(delivery, lease, session, pid, moment.now + fetcher.lease)
        delivery.ticket = fetcher.ticket
        delivery.fetched_at = moment.text
        delivery.first_fetched_at = delivery.first_fetched_at or moment.text
        self.broker.parents.remember(message)
        if self.broker.traces is not None and HEADER in message.headers:
            self._trace(self.broker.traces, delivery, message)
        return Delivery(
            message=message,
            attempt=delivery.attempts,
            lease=lease,
            lease_expires_at=moment.lease_end,
        )

    def _trace(self, traces: Traces, delivery: OpenDelivery, message: Message) -> None:
        to, since = self.mailbox.bot, message.timestamp
        traces.delivered(message.headers, message.id, to, since, delivery.attempts)

    def _put_off(self, delivery: OpenDelivery, moment: "_Moment") -> bool:
        """Whether a delivery may not be handed out now: it is too late for it, or too early."""
        message = delivery.message
        assert message is not None
        if message.expires_at is not None and message.expires_at <= moment.text:
            self.mailbox.settling(delivery)
            reason = "its ttl ended before it was settled"
            expired = row_of(delivery, self.mailbox.bot_id, "expired", reason=reason)
            self.broker.recorder.decide(expired, self, delivery)
            return True
        if message.deliver_at is not None and message.deliver_at > moment.text:
            wait = timestamps.to_epoch(message.deliver_at) - clock.now()
            self.postpone(delivery, max(wait, 0.001))
            return True
        return False

    # Verdicts of holders

    def postpone(self, delivery: OpenDelivery, seconds: float, *, recorded: bool = False) -> None:
        """Puts a delivery off; `recorded` if the disk knows of it already."""
        self.mailbox.postpone(delivery, self._loop.time() + seconds)
        delivery.recorded = recorded
        if seconds > SHORT_WAIT:
            delivery.message = None
        self.broker.recorder.touch(self)
        self._arm()

    def extend(self, delivery: OpenDelivery, deadline: float) -> None:
        self.mailbox.extend(delivery, deadline)
        self._arm()

    def settled(self, seq: int, *, ahead: bool = False) -> None:
        """A verdict is on disk; a mailbox that was full may have room again."""
        self.mailbox.settled(seq, ahead=ahead)
        self.broker.recorder.touch(self)
        if self.fetchers:
            self.broker.woken.add(self)

    def could_not_settle(self, delivery: OpenDelivery) -> None:
        """A verdict was not written: the delivery stays with its holder, if that is still there."""
        self.mailbox.unsettled(delivery)
        if delivery.state == "leased" and delivery.holder.closed:
            self._end_lease(delivery, "the connection of its holder ended")
        self.broker.woken.add(self)

    def could_not_decide(self, delivery: OpenDelivery) -> None:
        """A verdict of the daemon's own was not written: it is tried again later."""
        self.postpone(delivery, SHORT_WAIT)

    def adopt(self, delivery: OpenDelivery, seconds: float = 0.0) -> None:
        """Takes over a delivery that the disk says is to be offered again, after so many seconds."""
        delivery.recorded = True
        if seconds > 0:
            delivery.move("waiting")
            delivery.deadline = self._loop.time() + seconds
        self.mailbox.restore(delivery)
        self._arm()
        self.broker.woken.add(self)

    # Ending leases

    def _end_lease(self, delivery: OpenDelivery, why: str) -> None:
        self.broker.recorder.touch(self)
        if not self.mailbox.give_back(delivery, self._loop.time()):
            reason = f"given up after {delivery.attempts} deliveries: {why}"
            dead = row_of(delivery, self.mailbox.bot_id, "dead", reason=reason)
            self.broker.recorder.decide(dead, self, delivery)

    # Time

    def _arm(self) -> None:
        due = self.mailbox.next_due()
        if due is None or due >= self._armed_for:
            return  # a timer that fires early finds nothing to do and arms the next one
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_time)
        self._armed_for = due

    def _on_time(self) -> None:
        self._timer, self._armed_for = None, inf
        for delivery in self.mailbox.due(self._loop.time()):
            self._end_lease(delivery, "the lease of its holder ended")
        self.serve()


class _Moment:
    """The time of one take, in the forms it is needed in; the texts are made once."""

    def __init__(self, now: float, lease: float) -> None:
        self.now = now
        wall = clock.now()
        self.text = timestamps.from_epoch(wall)
        self.lease_end = timestamps.from_epoch(wall + lease)
