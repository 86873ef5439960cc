"""The repository of what limits are about: what waits for whom, and whose messages are stored."""

from typing import Protocol

from botbus_storage.reading import stored
from botbus_storage.reading.waiting import Waiting, waiting_in
from botbus_storage.repositories.access import Reading


class ChargeRepository(Protocol):
    """Counts messages. Nothing here is quick where there are many."""

    async def waiting(self, bot: str, now: str) -> Waiting:
        """How many direct messages a bot, given by name or id, has yet to settle at a stored time,
        and from whom.
        """

    async def newest(self) -> int:
        """The seq of the last message."""

    async def stored(self, after: int, upto: int) -> dict[str, int]:
        """Bytes of the messages that follow a seq, up to another, by the id of the sender."""


class SqliteCharges(Reading):
    """The `ChargeRepository` of SQLite."""

    async def waiting(self, bot: str, now: str) -> Waiting:
        return await self._ask(waiting_in, bot=bot, now=now)

    async def newest(self) -> int:
        return await self._query(stored.newest_seq)

    async def stored(self, after: int, upto: int) -> dict[str, int]:
        return await self._ask(stored.stored_by_sender, after=after, upto=upto)
