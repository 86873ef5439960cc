"""A bot's own mailbox, and the dead letters of any."""

# ruff: noqa: A002 - type, id and max are words of the contract

from botbus import requesting
from botbus.deliveries import Delivery
from botbus.fetching import fetched
from botbus.listening import Listening
from botbus.polling import polls
from botbus.requesting import checked
from botbus.room import EVERYTHING, Room
from botbus.transport import narrowed
from botbus_protocol.records import DeadLetter, Message
from botbus_protocol.replies import DeadLetters, Done, Messages
from botbus_protocol.requests import Fetch, ListDead, Peek


class Mailbox(Room):
    async def fetch(
        self,
        max: int = 1,
        wait: float = 0.0,
        lease: float = 60.0,
    ) -> list[Delivery]:
        """Takes up to `max` deliveries, as soon as there is one; none after `wait` seconds.

        Each is held here for `lease` seconds: what is not settled or extended by then is offered
        again.
        """
        return await fetched(self._transport, max, wait, lease)

    def listen(self, max_in_flight: int = 64, lease: float = 60.0) -> Listening:
        """Iterates over deliveries as they come, until the bus is closed.

        At most `max_in_flight` are held here unsettled at any time.
        """
        checked(Fetch, max=max_in_flight, lease=lease)
        return Listening(self._transport, max_in_flight, lease)

    async def peek(
        self,
        max: int = 50,
        after: int = 0,
        wait: float = 0.0,
    ) -> list[Message]:
        """Reads the mailbox without taking anything; waits up to `wait` seconds if it is empty.

        `after`: only messages with a greater seq.
        """
        for part in polls(wait, self._transport.limits.wait_seconds):
            request = checked(Peek, max=max, after=after, wait=part)
            reply = narrowed(await self._transport.alone(request, wait="wait"), Messages)
            if reply.messages:
                return reply.messages
        return []

    async def dead(self, bot: str | None = None, limit: int = EVERYTHING) -> list[DeadLetter]:
        """The dead letters of a bot, or of all, oldest first."""

        async def page(after: tuple[int, str], want: int) -> list[DeadLetter]:
            seq, holder = after
            request = checked(ListDead, bot=bot, after=seq, after_bot=holder, limit=want)
            return (await self._transport.call(request, DeadLetters)).dead

        return await self._paged(
            limit, (0, ""), page, lambda letter: (letter.message.seq, letter.bot)
        )

    async def replay_dead(self, bot: str, seqs: list[int] | None = None) -> int:
        """Puts dead letters of a bot back into its mailbox; by default all. Returns how many."""
        reply = await self._transport.call(requesting.replay_dead(bot, seqs), Done)
        return reply.count

    async def drop_dead(self, bot: str, seqs: list[int] | None = None) -> int:
        """Gives dead letters of a bot up; by default all. Returns how many."""
        reply = await self._transport.call(requesting.drop_dead(bot, seqs), Done)
        return reply.count
