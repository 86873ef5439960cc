"""Fills a mailbox from its sources: from memory if the streams reach back far enough, else from disk.

Each source has a position in the mailbox; a stream that has moved beyond it has something new. Reading
from disk takes a moment: `filling` is that reading, and when it is done the mailbox is served again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from botbus_daemon.mailbox import Mailbox
from botbus_daemon.streams import Stream, Streams, Waiting, merge
from botbus_protocol.records import Message
from botbus_storage.reading.mailboxes import DIRECT
from botbus_storage.repositories.contracts import MailboxRepository

PAGE = 256
"""Messages that are read from disk at once, if they are not large."""
AGAIN = 32
"""Messages of deliveries that come back, which are read at once whatever their size."""


class Gatherer:
    """The sources of one mailbox. `reader` is woken by streams, `filled` called after a reading."""

    def __init__(
        self,
        mailbox: Mailbox,
        streams: Streams,
        disk: MailboxRepository,
        reader: Waiting,
        filled: Callable[[], None],
    ) -> None:
        self._mailbox = mailbox
        self._streams = streams
        self._disk = disk
        self._reader = reader
        self._filled = filled
        self._sources: dict[str, Stream] = {}
        self._added_at: dict[str, int] = {}
        """By source: the stream's head when it was added. Up to there only the disk knows what of it
        this bot has settled before, under an earlier subscription.
        """
        self._behind_fresh = False
        self._listening = False
        self.filling: asyncio.Task[None] | None = None

    # Sources

    def add(self, source: str, position: int) -> bool:
        """Reads a source from a position on; False if it is read already."""
        if source in self._sources:
            return False
        stream = self._sources[source] = self._streams.open(self._mailbox.bot_id, source)
        self._mailbox.positions[source] = position
        self._added_at[source] = stream.head
        self._behind_fresh |= bool(self._mailbox.fresh)
        self.listen(on=False)
        return True

    def remove(self, source: str, put_off: Iterable[int] = ()) -> None:
        """Stops reading a source; what was gathered from it and not handed out is left out, and of
        what was put off until later whatever nobody was handed since.
        """
        if (stream := self._sources.pop(source, None)) is not None:
            stream.waiting.discard(self._reader)
            del self._mailbox.positions[source], self._added_at[source]
            self._streams.close(self._mailbox.bot_id, source)
            self._mailbox.fresh = deque(m for m in self._mailbox.fresh if m.channel != source)
        for seq in put_off:
            delivery = self._mailbox.open.get(seq)
            if delivery is not None and delivery.lease is None and delivery.state != "settling":
                self._mailbox.settled(seq)

    def close(self) -> None:
        self.listen(on=False)
        for source in self._sources:
            self._streams.close(self._mailbox.bot_id, source)
        self._sources.clear()

    def receives(self, message: Message) -> bool:
        """Whether a message is for this mailbox."""
        if message.channel is not None:
            return message.channel in self._sources
        return message.recipient == self._mailbox.bot

    # Waiting for more

    def listen(self, *, on: bool) -> None:
        """Whether the reader is woken when anything arrives."""
        if on == self._listening:
            return
        self._listening = on
        for stream in self._sources.values():
            if on:
                stream.waiting.add(self._reader)
            else:
                stream.waiting.discard(self._reader)

    def watch(self, watcher: Waiting) -> None:
        """Lets somebody else know when anything arrives."""
        for stream in self._sources.values():
            stream.waiting.add(watcher)

    def unwatch(self, watcher: Waiting) -> None:
        for stream in self._sources.values():
            stream.waiting.discard(watcher)

    # Filling

    def gather(self) -> bool:
        """Fills the mailbox from memory, or starts to fill it from disk. True: look again now."""
        if self.filling is not None:
            return False
        if self._mailbox.unread(1):
            return self._start_filling()
        behind = self._behind()
        if any(position < max(s.floor, self._added_at[name]) for name, s, position in behind):
            return self._start_filling()
        messages = merge(stream.after(position) for _, stream, position in behind)
        if messages:
            self._mailbox.gathered(messages, self._streams.head)
            self._sources[DIRECT].trim(self._mailbox.positions[DIRECT])
        return bool(messages)

    def in_step(self) -> bool:
        """Whether the first of what was gathered comes next: a source that was added later may have
        older messages, which are gathered first.
        """
        if not self._behind_fresh:
            return True
        while self._older_than_fresh():
            if not self.gather():
                return self.filling is None
        return True

    def _older_than_fresh(self) -> bool:
        behind = self._behind()
        self._behind_fresh = bool(behind)
        fresh = self._mailbox.fresh
        return bool(fresh) and any(position < fresh[0].seq - 1 for _, _, position in behind)

    def _behind(self) -> list[tuple[str, Stream, int]]:
        """The streams that have more than the mailbox has gathered, with its positions."""
        positions = self._mailbox.positions
        return [
            (name, s, positions[name])
            for name, s in self._sources.items()
            if s.head > positions[name]
        ]

    def _start_filling(self) -> bool:
        self.filling = asyncio.get_running_loop().create_task(self._fill())
        return False

    async def _fill(self) -> None:
        self._mailbox.gathering = True
        try:
            if unread := self._mailbox.unread(AGAIN):
                await self._read_again(unread)
            else:
                await self._read_on()
        finally:
            self._mailbox.gathering = False
            self.filling = None
        self._filled()

    async def _read_again(self, seqs: list[int]) -> None:
        """Reads the messages of deliveries that come back."""
        found = {message.seq: message for message in await self._disk.messages(seqs)}
        for seq in seqs:
            delivery = self._mailbox.open.get(seq)
            if seq not in found:
                self._mailbox.settled(seq)  # the message itself is gone
            elif delivery is not None:
                delivery.message = found[seq]

    async def _read_on(self) -> None:
        """Reads what comes next."""
        positions = dict(self._mailbox.positions)
        page = await self._disk.next_messages(self._mailbox.bot_id, positions, PAGE)
        # A source that came, or came again, while the disk was read has not been looked at.
        now = self._mailbox.positions
        looked_at = {source for source, known in positions.items() if now.get(source) == known}
        wanted = [m for m in page.messages if (m.channel or DIRECT) in looked_at]
        self._mailbox.gathered(wanted, page.position, looked_at)
