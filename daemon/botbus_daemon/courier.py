"""Carries deliveries from one mailbox to the fetches that wait for them.

The mailbox decides; the courier gives it the time, fills it from the streams in memory or from the
disk, and arms its one timer. It is loaded when a bot first fetches and let go when the bot has left.
"""

import asyncio
import time
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from msgspec import Struct

from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.mailbox import Mailbox
from botbus_daemon.presence import Session
from botbus_daemon.streams import Stream, Waiting, merge
from botbus_protocol import timestamps
from botbus_protocol.records import Delivery, Message
from botbus_storage.operations import RecordDelivery, StoredState
from botbus_storage.reading.mailboxes import DIRECT
from botbus_storage.reading.mailboxes import OpenDelivery as StoredDelivery

if TYPE_CHECKING:
    from botbus_daemon.office import Office

PAGE = 256
"""Messages that are read from disk at once."""
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

    def __init__(self, office: "Office", mailbox: Mailbox) -> None:
        self.office = office
        self.mailbox = mailbox
        self.saved_cursors: dict[str, int] = {}
        self.fetchers: deque[Fetcher] = deque()
        self.streams: dict[str, Stream] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = inf
        self._filling: asyncio.Task[None] | None = None
        self._listening = False

    # Loading and letting go

    async def load(self) -> None:
        """Takes over what the disk knows of the mailbox."""
        state = await self.office.store.mailboxes.load(self.mailbox.bot_id)
        for source, position in state.positions.items():
            self.add_source(source, position)
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
            left = timestamps.to_epoch(stored.due_at) - time.time()
            if left > 0:
                delivery.move("waiting")
                delivery.deadline = self._loop.time() + left
        return delivery

    def add_source(self, source: str, position: int) -> None:
        """Reads a source from a position on."""
        if source not in self.streams:
            self.streams[source] = self.office.streams.open(self.mailbox.bot_id, source)
            self.mailbox.positions[source] = position
            self._listen(on=False)
            self.office.woken.add(self)

    def remove_source(self, source: str) -> None:
        """Stops reading a source; what was gathered from it and not handed out is left out."""
        if (stream := self.streams.pop(source, None)) is not None:
            stream.waiting.discard(self)
            del self.mailbox.positions[source]
            self.office.streams.close(self.mailbox.bot_id, source)
            kept = (m for m in self.mailbox.fresh if m.channel != source)
            self.mailbox.fresh = deque(kept)

    def busy(self) -> bool:
        """Whether somebody holds or awaits something of this mailbox, or it is not recorded yet."""
        return bool(
            self.fetchers
            or self._filling
            or self.mailbox.in_flight
            or any(True for _ in self.mailbox.unrecorded())
        )

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._listen(on=False)
        for source in list(self.streams):
            self.office.streams.close(self.mailbox.bot_id, source)
        self.streams.clear()

    # Serving fetches

    @property
    def filling(self) -> "asyncio.Task[None] | None":
        """The reading from disk that is under way."""
        return self._filling

    def wake(self) -> None:
        self.office.woken.add(self)

    def watch(self, watcher: Waiting) -> None:
        """Lets somebody know when anything arrives."""
        for stream in self.streams.values():
            stream.waiting.add(watcher)

    def unwatch(self, watcher: Waiting) -> None:
        for stream in self.streams.values():
            stream.waiting.discard(watcher)

    def receives(self, message: Message) -> bool:
        """Whether a message is for this mailbox."""
        if message.channel is not None:
            return message.channel in self.streams
        return message.recipient == self.mailbox.bot

    def take(self, fetcher: Fetcher) -> list[Delivery]:
        """Leases what is ready, up to the fetch's maximum."""
        taken: list[Delivery] = []
        moment = _Moment(self._loop.time(), fetcher.lease)
        while len(taken) < fetcher.max and self.mailbox.has_room():
            delivery = self.mailbox.next_ready()
            if delivery is None:
                if not self._gather():
                    break
            elif not self._put_off(delivery, moment):
                taken.append(self._lease(delivery, fetcher, moment))
        if taken:
            self.office.recorder.touch(self)
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
        self._listen(on=bool(self.fetchers))
        self._arm()

    def park(self, fetcher: Fetcher) -> None:
        """Lets a fetch wait until there is something for it."""
        self.fetchers.append(fetcher)
        self._listen(on=True)
        self._arm()

    def unpark(self, fetcher: Fetcher) -> None:
        if fetcher in self.fetchers:
            self.fetchers.remove(fetcher)
        self._listen(on=bool(self.fetchers))

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
        lease = self.office.next_lease()
        pid = session.connection.peer.pid
        self.mailbox.lease(delivery, lease, session, pid, moment.now + fetcher.lease)
        delivery.ticket = fetcher.ticket
        delivery.fetched_at = moment.text
        delivery.first_fetched_at = delivery.first_fetched_at or moment.text
        self.office.parents.remember(message)
        return Delivery(
            message=message,
            attempt=delivery.attempts,
            lease=lease,
            lease_expires_at=moment.lease_end,
        )

    def _put_off(self, delivery: OpenDelivery, moment: "_Moment") -> bool:
        """Whether a delivery may not be handed out now: it is too late for it, or too early."""
        message = delivery.message
        assert message is not None
        if message.expires_at is not None and message.expires_at <= moment.text:
            self.mailbox.settling(delivery)
            expired = self.record(delivery, "expired", reason="its ttl ended before it was settled")
            self.office.recorder.decide(expired, self, delivery)
            return True
        if message.deliver_at is not None and message.deliver_at > moment.text:
            wait = timestamps.to_epoch(message.deliver_at) - time.time()
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
        self.office.recorder.touch(self)
        self._arm()

    def extend(self, delivery: OpenDelivery, deadline: float) -> None:
        self.mailbox.extend(delivery, deadline)
        self._arm()

    def settled(self, seq: int) -> None:
        """A verdict is on disk; a mailbox that was full may have room again."""
        self.mailbox.settled(seq)
        self.office.recorder.touch(self)
        if self.fetchers:
            self.office.woken.add(self)

    def could_not_settle(self, delivery: OpenDelivery) -> None:
        """A verdict was not written: the delivery stays with its holder, if that is still there."""
        self.mailbox.unsettled(delivery)
        if delivery.state == "leased" and delivery.holder.closed:
            self._end_lease(delivery, "the connection of its holder ended")
        self.office.woken.add(self)

    def could_not_decide(self, delivery: OpenDelivery) -> None:
        """A verdict of the daemon's own was not written: it is tried again later."""
        self.postpone(delivery, SHORT_WAIT)

    def adopt(self, delivery: OpenDelivery) -> None:
        """Takes over a delivery that the disk says is to be offered again."""
        delivery.recorded = True
        self.mailbox.restore(delivery)
        self.office.woken.add(self)

    # Ending leases

    def _end_lease(self, delivery: OpenDelivery, why: str) -> None:
        self.office.recorder.touch(self)
        if not self.mailbox.give_back(delivery, self._loop.time()):
            reason = f"given up after {delivery.attempts} deliveries: {why}"
            self.office.recorder.decide(
                self.record(delivery, "dead", reason=reason), self, delivery
            )

    def record(
        self,
        delivery: OpenDelivery,
        state: StoredState,
        *,
        reason: str | None = None,
        attempts: int | None = None,
        due: float | None = None,
    ) -> RecordDelivery:
        """The row that says that a delivery is in this state. `due` is in seconds from now."""
        left = delivery.deadline - self._loop.time() if due is None else due
        return RecordDelivery(
            seq=delivery.seq,
            bot_id=self.mailbox.bot_id,
            state=state,
            attempts=delivery.attempts if attempts is None else attempts,
            lease=delivery.lease,
            holder_pid=delivery.holder_pid,
            first_fetched_at=delivery.first_fetched_at,
            fetched_at=delivery.fetched_at,
            due_at=timestamps.from_epoch(time.time() + left) if state in _OPEN else None,
            reason=reason,
        )

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

    # Filling the mailbox

    def _listen(self, *, on: bool) -> None:
        if on == self._listening:
            return
        self._listening = on
        for stream in self.streams.values():
            if on:
                stream.waiting.add(self)
            else:
                stream.waiting.discard(self)

    def _gather(self) -> bool:
        """Fills the mailbox from memory, or starts to fill it from disk. True: try again now."""
        if self._filling is not None:
            return False
        if self.mailbox.unread(1):
            return self._start_filling()
        positions = self.mailbox.positions
        behind = [
            (s, positions[name]) for name, s in self.streams.items() if s.head > positions[name]
        ]
        if not behind:
            return False
        if any(position < stream.floor for stream, position in behind):
            return self._start_filling()
        messages = merge(stream.after(position) for stream, position in behind)
        self.mailbox.gathered(messages, self.office.streams.head)
        self.streams[DIRECT].trim(positions[DIRECT])
        return bool(messages)

    def _start_filling(self) -> bool:
        self._filling = self._loop.create_task(self._fill())
        return False

    async def _fill(self) -> None:
        self.mailbox.gathering = True
        try:
            if unread := self.mailbox.unread(PAGE):
                await self._read_again(unread)
            else:
                await self._read_on()
        finally:
            self.mailbox.gathering = False
            self._filling = None
        self.serve()

    async def _read_again(self, seqs: list[int]) -> None:
        found = {m.seq: m for m in await self.office.store.mailboxes.messages(seqs)}
        for seq in seqs:
            delivery = self.mailbox.open.get(seq)
            if seq not in found:
                self.mailbox.settled(seq)  # the message itself is gone
            elif delivery is not None:
                delivery.message = found[seq]

    async def _read_on(self) -> None:
        page = await self.office.store.mailboxes.next_messages(
            self.mailbox.bot_id, dict(self.mailbox.positions), PAGE
        )
        wanted = [m for m in page.messages if (m.channel or DIRECT) in self.streams]
        self.mailbox.gathered(wanted, page.position)


_OPEN = frozenset({"leased", "waiting"})


class _Moment:
    """The time of one take, in the forms it is needed in; the texts are made once."""

    def __init__(self, now: float, lease: float) -> None:
        self.now = now
        wall = time.time()
        self.text = timestamps.from_epoch(wall)
        self.lease_end = timestamps.from_epoch(wall + lease)
