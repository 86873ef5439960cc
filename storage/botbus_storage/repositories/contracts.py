"""The contracts of the repositories.

Bots are named by their ids here: whoever calls has looked the name up. Writing methods return when
the effect is on disk. The daemon, which gathers many writes into one commit, submits operations for
those and uses the repositories to read.
"""

from typing import Protocol

from botbus_protocol.records import Bot, Channel, DeadLetter, Message, Subscription
from botbus_storage.operations import Saved, SaveMessage
from botbus_storage.reading.history import Life, Scope
from botbus_storage.reading.mailboxes import MailboxState, Page


class MessageRepository(Protocol):
    """Messages, channels and subscriptions. Methods raise Refused as the operations say."""

    async def save_message(self, message: SaveMessage) -> Saved:
        """Appends a message; a repeat of one gives the first receipt, marked as a duplicate."""

    async def get_messages_between(self, a: str, b: str, limit: int) -> list[Message]:
        """Direct messages between two bots, in both directions, newest first."""

    async def get_channel_messages(self, channel: str, limit: int) -> list[Message]:
        """Messages of a channel, newest first."""

    async def list_channels(self, after: str = "", limit: int = 100) -> list[Channel]:
        """Channels by name, after a name."""

    async def create_channel(self, name: str, bot_id: str) -> Channel:
        """A channel; one that exists is returned as it is."""

    async def subscribe(self, bot_id: str, channel: str, start: str | int = "new") -> Subscription:
        """A durable subscription; one that exists stays as it is."""

    async def unsubscribe(self, bot_id: str, channel: str) -> bool:
        """Whether there was a subscription."""

    async def get_subscriptions(self, bot_id: str) -> list[Subscription]:
        """What a bot is subscribed to, by name."""

    async def get_channel_subscribers(
        self, channel: str, after: str = "", limit: int = 100
    ) -> list[Subscription]:
        """The subscriptions of a channel, by the name of the bot, after a name."""


class MailboxRepository(Protocol):
    """What is still to be delivered to a bot."""

    async def load(self, bot_id: str) -> MailboxState:
        """How far its sources are accounted for, and its open deliveries."""

    async def next_messages(self, bot_id: str, positions: dict[str, int], limit: int) -> Page:
        """Messages beyond the positions of its sources, in commit order, none delivered yet."""

    async def messages(self, seqs: list[int]) -> list[Message]:
        """The messages with these seqs, as far as they exist."""

    async def pending(self, bot_id: str, after: int, limit: int) -> list[Message]:
        """Messages that lie in its mailbox unsettled, in commit order."""


class AuditTrail(Protocol):
    """All messages there ever were, and what became of them."""

    async def history(self, scope: Scope) -> list[Message]:
        """Newest first; oldest first from `after` on."""

    async def find(self, message_id: str) -> Message | None: ...

    async def life_of(self, message_id: str) -> Life | None:
        """A message with its deliveries and replies."""

    async def first_reply(self, message: Message, bot_id: str) -> Message | None:
        """The first direct reply to a message that went to this bot."""

    async def chain_of(self, message_id: str, most: int) -> list[str]:
        """Names of the senders along a chain of replies, newest first."""

    async def tail(
        self, after: int, channel: str | None, bot_id: str | None, limit: int
    ) -> list[Message]:
        """Messages after a seq, oldest first."""

    async def last_seq(self) -> int: ...

    async def dead_letters(
        self, bot_id: str | None, after: tuple[int, str], limit: int
    ) -> list[DeadLetter]:
        """Dead letters of a bot, or of all, oldest message first, after a seq and a bot's name."""


class Directory(Protocol):
    """Bots and channels by name."""

    async def find_bot(self, name_or_id: str) -> Bot | None: ...

    async def find_bots(self, names: list[str]) -> list[Bot]: ...

    async def list_bots(self, after: str, limit: int) -> list[Bot]: ...

    async def find_channel(self, name: str) -> Channel | None: ...
