"""One source of messages as retention sees it: how much there is, and which of the oldest have to go.

Pure: no disk and no clock. Messages that are guarded are not offered, but count like all others.
"""

from collections.abc import Sequence

from botbus_daemon.retention.settings import Keeping
from botbus_protocol import timestamps
from botbus_storage.reading.deletable import Deletable

DAY = 86400.0


class Shelf:
    """Times are seconds since 1970."""

    def __init__(self, keeping: Keeping, duplicate_seconds: float) -> None:
        self.keeping = keeping
        self._youngest = duplicate_seconds
        self.messages = 0
        self.size = 0
        self.due: float | None = None
        """When its oldest message is to go; None: unknown, for something has changed."""

    def put(self, messages: int, size: int) -> None:
        """More messages are there."""
        self.messages += messages
        self.size += size
        if self._over(self.messages, self.size):
            self.due = None

    def taken(self, gone: Sequence[Deletable]) -> None:
        """These are deleted."""
        self.messages -= len(gone)
        self.size -= sum(message.size for message in gone)

    def wants_look(self, now: float) -> bool:
        """Whether something may have to go."""
        if not self.messages:
            return False
        if not self.keeping.max_age_days and not self._over(self.messages, self.size):
            return False
        return self.due is None or self.due <= now

    def to_go(self, oldest: Sequence[Deletable], now: float, most: int) -> list[Deletable]:
        """Those of the oldest messages that have to go now, with at most so many rows of deliveries."""
        going: list[Deletable] = []
        messages, size, rows = self.messages, self.size, 0
        self.due = None
        for message in oldest:
            due = self._due_of(message, self._over(messages, size))
            if due is None or due > now:
                self.due = due
                break
            if going and rows + message.deliveries > most:
                self.due = now
                break
            going.append(message)
            messages, size = messages - 1, size - message.size
            rows += message.deliveries
        return going

    def _due_of(self, message: Deletable, over: bool) -> float | None:
        """When a message that is the oldest has to go."""
        sent = timestamps.to_epoch(message.timestamp)
        if over:
            return sent + self._youngest
        if not self.keeping.max_age_days:
            return None
        return sent + max(self.keeping.max_age_days * DAY, self._youngest)

    def _over(self, messages: int, size: int) -> bool:
        keeping = self.keeping
        return bool(
            (keeping.max_messages and messages > keeping.max_messages)
            or (keeping.max_bytes and size > keeping.max_bytes)
        )
