"""Committed messages on their way to live mailboxes, in memory.

A stream is the direct messages of one bot, or the messages of one channel. It keeps the newest ones
(its tail) for the mailboxes that are loaded, and knows which of those wait for more. Publishing appends
to one stream, whatever the number of subscribers; a mailbox takes from its streams when it is asked.
What does not fit into the tail is read from disk instead: memory is bounded, messages are not.
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Protocol

from botbus_protocol.records import Message

TAIL_MESSAGES = 1024
MEMORY_BYTES = 64 * 1024 * 1024
MESSAGE_OVERHEAD = 600
"""Bytes of a message in memory beside its body, roughly."""


class Waiting(Protocol):
    """Somebody who wants to know when a stream has more."""

    def wake(self) -> None: ...


def size_of(message: Message) -> int:
    return MESSAGE_OVERHEAD + len(message.body)


class Memory:
    """The bytes all tails may hold together."""

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        self.limit = limit
        self.used = 0


class Stream:
    """The newest messages of one source; `floor` is the seq above which all of them are in the tail."""

    __slots__ = ("_memory", "floor", "head", "readers", "tail", "waiting")

    def __init__(self, memory: Memory, head: int) -> None:
        self._memory = memory
        self.floor = head
        self.head = head
        self.tail: deque[Message] = deque()
        self.waiting: set[Waiting] = set()
        self.readers = 0

    def append(self, message: Message) -> None:
        self.head = message.seq
        self.tail.append(message)
        self._memory.used += size_of(message)
        while len(self.tail) > TAIL_MESSAGES or (
            self.tail and self._memory.used > self._memory.limit
        ):
            self._drop_oldest()

    def trim(self, position: int) -> None:
        """Forgets what its only reader has taken."""
        while self.tail and self.tail[0].seq <= position:
            self._drop_oldest()

    def forget(self, seqs: Collection[int]) -> None:
        """Takes messages out that are deleted."""
        if not self.tail or self.tail[0].seq > max(seqs):
            return
        gone = [message for message in self.tail if message.seq in seqs]
        self._memory.used -= sum(map(size_of, gone))
        self.tail = deque(message for message in self.tail if message.seq not in seqs)

    def after(self, position: int) -> list[Message]:
        """The messages beyond a position, which must not lie below the floor; in order."""
        newer: list[Message] = []
        for message in reversed(self.tail):
            if message.seq <= position:
                break
            newer.append(message)
        newer.reverse()
        return newer

    def clear(self) -> None:
        while self.tail:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        message = self.tail.popleft()
        self.floor = message.seq
        self._memory.used -= size_of(message)


class Streams:
    """All streams that a loaded mailbox reads; `head` is the newest seq that was routed."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._memory = Memory()
        self._direct: dict[str, Stream] = {}
        self._channels: dict[str, Stream] = {}

    def route(self, message: Message, recipient_id: str | None) -> None:
        """Hands a committed message to its stream, if anybody reads it, and wakes who waits."""
        self.head = max(self.head, message.seq)
        if message.channel is not None:
            stream = self._channels.get(message.channel)
        else:
            stream = self._direct.get(recipient_id or "")
        if stream is not None:
            stream.append(message)
            for waiting in tuple(stream.waiting):
                waiting.wake()

    def forget(self, channel: str | None, recipient_id: str | None, seqs: Collection[int]) -> None:
        """Messages of one source are deleted: nobody is to be handed them from memory."""
        if channel is not None:
            stream = self._channels.get(channel)
        else:
            stream = self._direct.get(recipient_id or "")
        if stream is not None and seqs:
            stream.forget(set(seqs))

    def wants(self, channel: str | None, recipient_id: str | None) -> bool:
        """Whether a message to there has a reader."""
        if channel is not None:
            return channel in self._channels
        return recipient_id in self._direct

    def open(self, bot_id: str, source: str) -> Stream:
        """The stream of a source, with one reader more. The empty source is the bot's direct one."""
        streams, key = self._place(bot_id, source)
        if (stream := streams.get(key)) is None:
            stream = streams[key] = Stream(self._memory, self.head)
        stream.readers += 1
        return stream

    def close(self, bot_id: str, source: str) -> None:
        streams, key = self._place(bot_id, source)
        stream = streams[key]
        stream.readers -= 1
        if stream.readers == 0:
            stream.clear()
            del streams[key]

    def _place(self, bot_id: str, source: str) -> tuple[dict[str, Stream], str]:
        return (self._channels, source) if source else (self._direct, bot_id)


def merge(parts: Iterable[list[Message]]) -> list[Message]:
    """Messages of several streams in commit order."""
    merged = [message for part in parts for message in part]
    merged.sort(key=lambda message: message.seq)
    return merged
