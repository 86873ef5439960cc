"""What a reply needs to know of the message it answers.

The newest messages are remembered here, so that a reply to one of them needs no read from disk.
"""

from msgspec import Struct

from botbus_protocol.records import Message

REMEMBERED = 20_000


class Parent(Struct, frozen=True, gc=False):
    thread: str
    """The message that the chain of replies began with."""
    hops: int


class Parents:
    def __init__(self) -> None:
        self._known: dict[str, Parent] = {}

    def get(self, message_id: str) -> Parent | None:
        return self._known.get(message_id)

    def remember(self, message: Message) -> None:
        self.add(message.id, message.thread, message.hops)

    def add(self, message_id: str, thread: str | None, hops: int) -> None:
        known = self._known
        known[message_id] = Parent(thread or message_id, hops)
        if len(known) > REMEMBERED:
            del known[next(iter(known))]

    def forget(self, message_id: str) -> None:
        self._known.pop(message_id, None)
