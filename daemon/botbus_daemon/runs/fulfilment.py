"""Takes messages to the steps that wait for them.

Every committed message passes `offer`, in commit order, before it goes into its mailbox. What a step
wants from a mailbox is kept out of it until the disk has decided; if the step does not wait any more,
the next one is asked, and in the end the message goes where it would have gone.

A wait is remembered first and looked up afterwards: a message that was committed before is found on
disk, one that comes later is offered. From the moment something is taken to a wait it is forgotten
here, so nothing else is; and a message of a mailbox is taken to one wait at a time.

The next wait of a run on a channel begins after the message that this one took. So as long as the
disk is looked at for a wait on a channel, what comes meanwhile is looked up in its turn.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from botbus_daemon.mailbox import Mailbox
from botbus_daemon.runs.matching import Key, Matching, MessageWait, fits
from botbus_protocol import timestamps
from botbus_protocol.errors import Refused
from botbus_protocol.records import Message
from botbus_storage import clock
from botbus_storage.workflow_operations import FulfilWait, Moved

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker
    from botbus_daemon.runs.room import Runs

logger = logging.getLogger(__name__)

PAGE = 64
"""Messages that one look at the disk gives."""


class Fulfilment:
    def __init__(self, broker: "Broker", runs: "Runs") -> None:
        self._broker = broker
        self._runs = runs
        self.matching = Matching()
        self._taken: dict[str, set[int]] = {}
        """By mailbox: messages that are being taken out of it."""
        self._gone: dict[str, set[int]] = {}
        """By mailbox that is being loaded: what was taken out of it meanwhile."""
        self._taking: set[asyncio.Task[None]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        self._in_turn: dict[Key, bool] = {}
        """Waits on channels that are being looked up, and whether something has come meanwhile."""

    # Waits

    def begin(self, wait: MessageWait) -> None:
        """Remembers a wait, and looks whether what it waits for is there."""
        self._remember(wait)
        self._look_soon(wait)

    def load(self, waits: list[MessageWait]) -> None:
        """Remembers what waited when the daemon started, oldest first, and looks for all of them."""
        for wait in waits:
            self._remember(wait)
        _start(self._look_for_each(waits), self._looking)

    def _remember(self, wait: MessageWait) -> None:
        self.matching.add(wait)
        if wait.bot_id is None:
            self._in_turn[wait.key] = False

    def forget(self, run: str, step: str) -> None:
        """A step waits no more."""
        self.matching.discard((run, step))

    def forget_run(self, run: str) -> None:
        """A run has ended."""
        self.matching.discard_run(run)

    async def close(self) -> None:
        for task in self._looking:
            task.cancel()
        if tasks := self._looking | self._taking:
            await asyncio.wait(tasks)

    # Messages as they come

    def offer(self, message: Message, bot_id: str | None) -> bool:
        """Whether a message is kept out of its mailbox, because a step may want it."""
        if not self.matching:
            return False
        waits = self.matching.candidates(message, bot_id)
        if not waits:
            return False
        if _is_early(message):
            for wait in waits:
                self._look_when_due(wait, message)
            return False
        if message.channel is not None:
            for wait in waits:
                if wait.key in self._in_turn:
                    self._in_turn[wait.key] = True
                else:
                    self._take(wait, message)
            return False
        if not self._take_out(bot_id or "", message.seq):
            return False
        self._take(waits[0], message, bot_id, routed=False)
        return True

    def _take(
        self, wait: MessageWait, message: Message, bot_id: str | None = None, *, routed: bool = True
    ) -> None:
        """Takes a message to a step. `routed`: whether its mailbox has been told of it."""
        self.matching.discard(wait.key)
        _start(self._fulfil(wait, message, bot_id, routed=routed), self._taking)

    async def _fulfil(
        self, wait: MessageWait, message: Message, bot_id: str | None, *, routed: bool
    ) -> None:
        operation = FulfilWait(
            run=wait.open.run,
            step=wait.open.step,
            message=message,
            bot_id=bot_id,
            lease=self._broker.next_lease(),
        )
        fulfilled = False
        try:
            fulfilled = (await self._runs.do(operation, Moved)).count > 0
        finally:
            if bot_id is not None:
                self._decided(message, bot_id, fulfilled=fulfilled, routed=routed)
        if not fulfilled:
            await self._begin_again(wait, message)

    def _decided(self, message: Message, bot_id: str, *, fulfilled: bool, routed: bool) -> None:
        if fulfilled:
            self._taken_out(bot_id, message.seq, routed=routed)
        elif others := self.matching.candidates(message, bot_id):
            self._take(others[0], message, bot_id, routed=routed)
        else:
            self._put_back(bot_id, message, routed=routed)

    async def _begin_again(self, wait: MessageWait, message: Message) -> None:
        """Either the step does not wait any more, or the message was not to be had."""
        run = await self._broker.store.workflows.get_run(wait.open.run)
        if run is None or all(w.step_id != wait.open.step for w in run.waits):
            return
        seen = message.seq if message.channel is not None else 0
        after_seq = max(wait.open.after_seq, seen)
        self.begin(MessageWait.of(msgspec.structs.replace(wait.open, after_seq=after_seq)))

    # Out of a mailbox and back

    def _take_out(self, bot_id: str, seq: int) -> bool:
        """Keeps a message from being handed out; False if its mailbox has decided about it."""
        courier = self._broker.loaded_courier(bot_id)
        if seq in self._taken.get(bot_id, ()):
            return False
        if courier is not None and not courier.mailbox.lend(seq):
            return False
        self._taken.setdefault(bot_id, set()).add(seq)
        return True

    def _taken_out(self, bot_id: str, seq: int, *, routed: bool) -> None:
        """The disk says that the mailbox is done with it."""
        self._not_taken(bot_id, seq)
        courier = self._broker.loaded_courier(bot_id)
        if courier is not None:
            courier.settled(seq, ahead=routed)
            self._broker.serve_woken()
        elif (gone := self._gone.get(bot_id)) is not None:
            gone.add(seq)

    def _put_back(self, bot_id: str, message: Message, *, routed: bool) -> None:
        self._not_taken(bot_id, message.seq)
        courier = self._broker.loaded_courier(bot_id)
        if courier is not None:
            courier.mailbox.take_back(message, routed=routed)
            courier.serve()

    def _not_taken(self, bot_id: str, seq: int) -> None:
        taken = self._taken[bot_id]
        taken.discard(seq)
        if not taken:
            del self._taken[bot_id]

    @asynccontextmanager
    async def apart_from(self, mailbox: Mailbox) -> AsyncIterator[None]:
        """While a mailbox is loaded: what is taken out of it meanwhile is not in it afterwards."""
        gone = self._gone[mailbox.bot_id] = set()
        try:
            yield
            while mailbox.bot_id in self._taken:
                await asyncio.wait(set(self._taking))
            for seq in gone:
                mailbox.settled(seq)
        finally:
            del self._gone[mailbox.bot_id]

    # Messages that are there already

    def _look_soon(self, wait: MessageWait) -> None:
        _start(self._look(wait), self._looking)

    def _look_when_due(self, wait: MessageWait, message: Message) -> None:
        """A message that is not to be delivered yet: looks when it is."""
        due_in = timestamps.to_epoch(message.deliver_at or "") - clock.now()
        asyncio.get_running_loop().call_later(max(due_in, 0.0) + 0.001, self._look_again, wait)

    def _look_again(self, wait: MessageWait) -> None:
        if self._waits(wait) and not self._broker.closing.done():
            self._look_soon(wait)

    def _waits(self, wait: MessageWait) -> bool:
        return self.matching.find(wait.key) is not None

    async def _look_for_each(self, waits: list[MessageWait]) -> None:
        for wait in waits:
            await self._look(wait)

    async def _look(self, wait: MessageWait) -> None:
        """Takes the first message to a wait that the disk has for it."""
        if wait.bot_id is not None and self._broker.recorder.knows_more(wait.bot_id):
            await self._broker.recorder.flush()
        try:
            after = await self._look_after(wait, 0)
            while self._in_turn.get(wait.key):
                self._in_turn[wait.key] = False
                after = await self._look_after(wait, after)
        finally:
            self._in_turn.pop(wait.key, None)

    async def _look_after(self, wait: MessageWait, after: int) -> int:
        """Looks at page after page; the seq of the last message that was there."""
        while self._waits(wait):
            now = timestamps.from_epoch(clock.now())
            page = await self._broker.store.runs.messages_for(wait.open, now, after, PAGE)
            for message in page:
                if self._waits(wait) and fits(wait, message):
                    self._found(wait, message)
            if not page:
                break
            after = page[-1].seq
        return after

    def _found(self, wait: MessageWait, message: Message) -> None:
        if _is_early(message):
            self._look_when_due(wait, message)
        elif wait.bot_id is None:
            self._take(wait, message)
        elif self._take_out(wait.bot_id, message.seq):
            self._take(wait, message, wait.bot_id)


def _is_early(message: Message) -> bool:
    return message.deliver_at is not None and message.deliver_at > timestamps.from_epoch(
        clock.now()
    )


def _start(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(_attempt(work))
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _attempt(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Refused as refusal:  # the daemon stops; what was to be done is found at the next start
        logger.info("a message was not taken to a step: %s", refusal)
    except Exception:
        logger.exception("a message could not be taken to a step")
