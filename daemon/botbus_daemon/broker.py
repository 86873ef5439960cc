"""The broker: everything the handlers work with, and the way of a committed message.

`routed` is called for every message after its commit, in commit order, and for nothing else: what it
hands on is on disk. It gives the message to the question it answers, to its stream, and to those who
watch; then `serve_woken` serves the mailboxes that were waiting.
"""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.charges.measuring import bytes_of
from botbus_daemon.charges.room import Charges
from botbus_daemon.courier import Courier
from botbus_daemon.guard import Guard
from botbus_daemon.loop_guard import LoopGuard
from botbus_daemon.mailbox import Mailbox
from botbus_daemon.monitoring.health import Health
from botbus_daemon.monitoring.survey import Survey
from botbus_daemon.monitoring.tally import Tally
from botbus_daemon.monitoring.traces import Traces
from botbus_daemon.parents import Parents
from botbus_daemon.policy import Policy
from botbus_daemon.presence import Connection, Presence, Session
from botbus_daemon.questions import Questions
from botbus_daemon.recorder import Recorder
from botbus_daemon.records.room import Records
from botbus_daemon.retention.room import Retention
from botbus_daemon.runs.room import Runs
from botbus_daemon.settings import Settings
from botbus_daemon.streams import Streams
from botbus_daemon.watchers import Watchers
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.records import Message
from botbus_storage.operations import RecordDelivery, SeeBot, SeenBot
from botbus_storage.store import Store


class Broker:
    def __init__(
        self, settings: Settings, store: Store, boot: int, head: int, health: Health | None = None
    ) -> None:
        self.settings = settings
        self.store = store
        self.boot = boot
        self.health = health or Health()
        self.tally = Tally(head)
        self.survey = Survey(store.backlog)
        self.traces: Traces | None = None
        self.streams = Streams(head)
        self.parents = Parents()
        self.questions = Questions()
        self.watchers = Watchers()
        self.recorder = Recorder(store)
        self.loop_guard = LoopGuard(settings.loop_guard)
        self.guard = Guard(Policy(settings.policy))
        self.charges = Charges(
            settings.bot_limits, store.charges, partial(bytes_of, settings.database)
        )
        self.records = Records(store)
        self.presence = Presence(
            self.see, self.records.clients.spoken, self.charges.check_connections
        )
        self.woken: set[Courier] = set()
        self.closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Resolves when the daemon begins to stop; whoever is parked watches it."""
        self._couriers: dict[str, asyncio.Task[Courier]] = {}
        self._leases = itertools.count(1)
        self._partings: set[asyncio.Task[None]] = set()
        self.runs = Runs(self)
        self.retention = Retention(self)

    @property
    def policy(self) -> DeliveryPolicy:
        return self.settings.delivery

    def follow(self, settings: Settings) -> None:
        """From now on these settings hold, as far as they can without a restart."""
        self.settings = settings
        self.guard.follow(Policy(settings.policy))
        self.loop_guard.policy = settings.loop_guard
        self.charges.limit(settings.bot_limits)
        for courier in self.loaded_couriers():
            courier.mailbox.policy = settings.delivery
        self.retention.follow(settings.retention)
        self.runs.pruning.follow()

    async def see(self, bot: str) -> tuple[str, str]:
        """Id and name of a bot that is there. Raises Refused."""
        (result,) = await self.store.submit([SeeBot(name=bot)])
        if isinstance(result, SeenBot):
            return result.id, result.name
        assert isinstance(result, Fault)
        known = await self.store.directory.find_bot(bot)
        if known is None:
            raise Refused(Code(result.code), result.message)
        return known.id, known.name  # whose mail can be read though nothing can be written

    def next_lease(self) -> str:
        """A lease's name: the start of the daemon it was given in, and a number."""
        return f"{self.boot}.{next(self._leases)}"

    # Mailboxes

    async def courier(self, bot_id: str, bot: str) -> Courier:
        """The courier of a bot's mailbox, loaded from disk if need be."""
        task = self._couriers.get(bot_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(bot_id, bot))
            self._couriers[bot_id] = task
        return task.result() if task.done() else await asyncio.shield(task)

    def loaded_courier(self, bot_id: str | None) -> Courier | None:
        """The courier of a mailbox that is in memory."""
        task = self._couriers.get(bot_id or "")
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    def once_loaded(self, bot_id: str, tell: Callable[[Courier], None]) -> None:
        """Tells a mailbox that is in memory of something: now, or when it has been read from disk,
        for it may have been read before this was written.
        """
        task = self._couriers.get(bot_id)
        if task is None:
            return
        if task.done():
            _tell(task, tell)
        else:
            task.add_done_callback(partial(_tell, tell=tell))
            task.add_done_callback(lambda _: self.serve_woken())

    def courier_named(self, bot: str) -> Courier | None:
        return next((c for c in self.loaded_couriers() if c.mailbox.bot == bot), None)

    def loaded_couriers(self) -> list[Courier]:
        found = (self.loaded_courier(bot_id) for bot_id in self._couriers)
        return [courier for courier in found if courier is not None]

    async def _load(self, bot_id: str, bot: str) -> Courier:
        courier = Courier(self, Mailbox(bot_id, bot, self.policy))
        try:
            async with self.runs.waits.apart_from(courier.mailbox):
                await courier.load()
                while self.recorder.knows_more(bot_id):  # answers that went to whoever asked
                    await self.recorder.flush()
        except BaseException:
            courier.close()
            del self._couriers[bot_id]
            raise
        courier.mailbox.policy = self.policy
        return courier

    # Messages

    def wants(self, channel: str | None, recipient_id: str | None) -> bool:
        """Whether a message to there is of interest to anybody who is here."""
        return bool(
            self.streams.wants(channel, recipient_id)
            or self.questions.parked
            or self.watchers.here
            or self.runs.waits.matching.wants(channel, recipient_id)
        )

    def routed(self, message: Message, recipient_id: str | None) -> None:
        """Takes a committed message to where it is waited for."""
        if self.watchers.here:
            self.watchers.show(message)
        asker = self.questions.claim(message, recipient_id)
        if asker is not None:
            self.settle_answer(message, asker)
        elif self.runs.waits.offer(message, recipient_id):
            self.streams.head = max(self.streams.head, message.seq)
        else:
            self.streams.route(message, recipient_id)

    def settle_answer(self, message: Message, asker: Session) -> None:
        """The reply went to the one who asked: the mailbox is done with it."""
        self.streams.head = max(self.streams.head, message.seq)
        courier = self.loaded_courier(asker.bot_id)
        if courier is not None:
            if message.seq in courier.mailbox.open:
                return  # a fetch was quicker
            courier.mailbox.withhold(message.seq)
        answered = RecordDelivery(
            seq=message.seq,
            bot_id=asker.bot_id,
            state="acked",
            attempts=1,
            lease=self.next_lease(),
            holder_pid=asker.connection.peer.pid,
            first_fetched_at=message.timestamp,
            fetched_at=message.timestamp,
        )
        self.recorder.decide(answered, courier)

    def serve_woken(self) -> None:
        """Serves the mailboxes that something arrived for."""
        while self.woken:
            self.woken.pop().serve()

    # Coming and going

    def connected(self, connection: Connection) -> None:
        """A pipe is there."""
        connection.trusted = self.guard.trusts(connection)
        self.presence.connect(connection)
        self.records.clients.come(connection)

    def disconnected(self, pipe_id: int) -> None:
        """A pipe is gone: its leases end, and its bots may have left."""
        sessions = self.presence.disconnect(pipe_id)
        if self.closing.done():
            return  # it is the daemon that leaves: leases stay on disk as they are
        self.records.clients.left(pipe_id)
        for session in sessions:
            self.runs.disconnected(session)
            if (courier := self.loaded_courier(session.bot_id)) is not None:
                courier.close_session(session)
            parting = asyncio.get_running_loop().create_task(self._part(session))
            self._partings.add(parting)
            parting.add_done_callback(self._partings.discard)

    async def _part(self, session: Session) -> None:
        """Notes when a bot was last seen, and lets its mailbox go if it has no other connection."""
        await self.store.submit([SeeBot(name=session.bot)])
        await self.recorder.flush()
        courier = self.loaded_courier(session.bot_id)
        if courier is None or self.presence.connected(session.bot_id) or courier.busy():
            return
        del self._couriers[session.bot_id]
        courier.close()

    def begin_closing(self) -> None:
        """Ends what is parked, and lets nothing new in."""
        if not self.closing.done():
            self.closing.set_result(None)

    async def close(self) -> None:
        """Writes what is to be written."""
        self.begin_closing()
        await self.retention.close()
        await self.charges.close()
        await self.runs.close()
        await self.recorder.flush()
        await self.records.close()
        while self._partings:
            await asyncio.wait(set(self._partings))
        for courier in self.loaded_couriers():
            courier.close()
        self._couriers.clear()


def _tell(task: asyncio.Task[Courier], tell: Callable[[Courier], None]) -> None:
    if not task.cancelled() and task.exception() is None:
        tell(task.result())
