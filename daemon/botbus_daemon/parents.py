"""What a reply needs to know of the message it answers.

The newest messages are remembered here, so that a reply to one of them needs no read from disk.
"""

from msgspec import Struct

from botbus_protocol.records import Message

REMEMBERED = 10_000
"""Messages that are remembered at least; at most twice as many."""


class Parent(Struct, frozen=True, gc=False):
    thread: str
    """The message that the chain of replies began with."""
    hops: int


class Parents:
    """Two generations: when the young one is full it becomes the old one, and the old one is gone.

    (Removing the oldest key of one dict for each new one costs a search past all that were removed.)
    """

    def __init__(self) -> None:
        self._young: dict[str, Parent] = {}
        self._old: dict[str, Parent] = {}

    def get(self, message_id: str) -> Parent | None:
        return self._young.get(message_id) or self._old.get(message_id)

    def remember(self, message: Message) -> None:
        self.add(message.id, message.thread, message.hops)

    def add(self, message_id: str, thread: str | None, hops: int) -> None:
        if len(self._young) >= REMEMBERED:
            self._old, self._young = self._young, {}
        self._young[message_id] = Parent(thread or message_id, hops)

    def forget(self, message_id: str) -> None:
        self._young.pop(message_id, None)
        self._old.pop(message_id, None)
