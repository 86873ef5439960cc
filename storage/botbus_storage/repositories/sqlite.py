"""The repositories over SQLite: each method is one operation for the writer or one question for a
reader.
"""

from functools import partial

from botbus_protocol.records import Bot, Channel, DeadLetter, Message, Subscription
from botbus_storage.operations import (
    CreateChannel,
    CreatedChannel,
    Saved,
    SaveMessage,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from botbus_storage.reading import directory, history, mailboxes
from botbus_storage.reading.history import Life, Scope
from botbus_storage.reading.mailboxes import MailboxState, Page
from botbus_storage.repositories.access import Reading, Writing


class SqliteMessages(Writing):
    """The `MessageRepository` of SQLite."""

    async def save_message(self, message: SaveMessage) -> Saved:
        return await self._do(message, Saved)

    async def get_messages_between(self, a: str, b: str, limit: int) -> list[Message]:
        return await self._query(partial(history.history, scope=Scope(pair=(a, b), limit=limit)))

    async def get_channel_messages(self, channel: str, limit: int) -> list[Message]:
        scope = Scope(channel=channel, limit=limit)
        return await self._query(partial(history.history, scope=scope))

    async def list_channels(self, after: str = "", limit: int = 100) -> list[Channel]:
        return await self._query(partial(directory.list_channels, after=after, limit=limit))

    async def create_channel(self, name: str, bot_id: str) -> Channel:
        done = await self._do(CreateChannel(name=name, bot_id=bot_id), CreatedChannel)
        return done.channel

    async def subscribe(self, bot_id: str, channel: str, start: str | int = "new") -> Subscription:
        operation = Subscribe(bot_id=bot_id, channel=channel, start=start)
        return (await self._do(operation, Subscribed)).subscription

    async def unsubscribe(self, bot_id: str, channel: str) -> bool:
        operation = Unsubscribe(bot_id=bot_id, channel=channel)
        return (await self._do(operation, Unsubscribed)).changed

    async def get_subscriptions(self, bot_id: str) -> list[Subscription]:
        return await self._query(partial(directory.subscriptions_of, bot_id=bot_id))

    async def get_channel_subscribers(
        self, channel: str, after: str = "", limit: int = 100
    ) -> list[Subscription]:
        return await self._query(
            partial(directory.subscribers_of, channel=channel, after=after, limit=limit)
        )


class SqliteMailboxes(Reading):
    """The `MailboxRepository` of SQLite."""

    async def load(self, bot_id: str) -> MailboxState:
        return await self._ask(mailboxes.load_mailbox, bot_id=bot_id)

    async def next_messages(self, bot_id: str, positions: dict[str, int], limit: int) -> Page:
        return await self._ask(
            mailboxes.next_messages, bot_id=bot_id, positions=positions, limit=limit
        )

    async def messages(self, seqs: list[int]) -> list[Message]:
        return await self._ask(mailboxes.messages_by_seq, seqs=seqs)

    async def pending(self, bot_id: str, after: int, limit: int) -> list[Message]:
        return await self._ask(mailboxes.pending_messages, bot_id=bot_id, after=after, limit=limit)


class SqliteTrail(Reading):
    """The `AuditTrail` of SQLite."""

    async def history(self, scope: Scope) -> list[Message]:
        return await self._ask(history.history, scope=scope)

    async def find(self, message_id: str) -> Message | None:
        return await self._ask(history.find_message, message_id=message_id)

    async def life_of(self, message_id: str) -> Life | None:
        return await self._ask(history.life_of, message_id=message_id)

    async def first_reply(self, message: Message, bot_id: str) -> Message | None:
        return await self._ask(history.first_reply, message=message, bot_id=bot_id)

    async def chain_of(self, message_id: str, most: int) -> list[str]:
        return await self._ask(history.chain_of, message_id=message_id, most=most)

    async def tail(
        self, after: int, channel: str | None, bot_id: str | None, limit: int
    ) -> list[Message]:
        return await self._ask(
            history.tail, after=after, channel=channel, bot_id=bot_id, limit=limit
        )

    async def last_seq(self) -> int:
        return await self._ask(history.last_seq)

    async def dead_letters(
        self, bot_id: str | None, after: tuple[int, str], limit: int
    ) -> list[DeadLetter]:
        return await self._ask(history.dead_letters, bot_id=bot_id, after=after, limit=limit)


class SqliteDirectory(Reading):
    """The `Directory` of SQLite."""

    async def find_bot(self, name_or_id: str) -> Bot | None:
        return await self._ask(directory.find_bot, name_or_id=name_or_id)

    async def find_bots(self, names: list[str]) -> list[Bot]:
        return await self._ask(directory.find_bots, names=names)

    async def list_bots(self, after: str, limit: int) -> list[Bot]:
        return await self._ask(directory.list_bots, after=after, limit=limit)

    async def find_channel(self, name: str) -> Channel | None:
        return await self._ask(directory.find_channel, name=name)
