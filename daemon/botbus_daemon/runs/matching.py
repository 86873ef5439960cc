"""Which waiting step a message is for: all waits for messages, in memory.

Pure: no disk, no loop, no clock. A direct message may be for any wait on the mailbox it was sent to,
oldest first; a message in a channel for the oldest wait of each run that waits there, for a channel is
for everybody. A wait for an approval takes a reply that says yes or no, and nothing else.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from botbus_protocol.records import Message
from botbus_protocol.verdicts import verdict_of
from botbus_storage.reading.waits import OpenWait

Key = tuple[str, str]
"""Run and step."""


class MessageWait(Struct, frozen=True):
    """A step that waits for a message, or for an approval that a message may give."""

    open: OpenWait
    where: dict[str, Any]
    """Fields of the body and their values."""

    @classmethod
    def of(cls, wait: OpenWait) -> "MessageWait":
        text = wait.wait.where
        return cls(wait, {} if text is None else msgspec.json.decode(text))

    @property
    def key(self) -> Key:
        return (self.open.run, self.open.step)

    @property
    def bot_id(self) -> str | None:
        """Whose mailbox; None for a channel."""
        return self.open.wait.bot_id


def fits(wait: MessageWait, message: Message) -> bool:
    """Whether a message that went where a wait looks is what it waits for."""
    wanted = wait.open.wait
    if wanted.channel is not None and message.seq <= wait.open.after_seq:
        return False
    if wanted.reply_to is not None and message.reply_to != wanted.reply_to:
        return False
    if wanted.type is not None and message.type != wanted.type:
        return False
    if wanted.sender is not None and message.sender != wanted.sender:
        return False
    if wanted.kind == "approval":
        return verdict_of(message) is not None
    return not wait.where or _holds(wait.where, _body(message))


def _body(message: Message) -> Any:
    return msgspec.msgpack.decode(message.body) if isinstance(message.body, Raw) else message.body


def _holds(where: dict[str, Any], body: Any) -> bool:
    return isinstance(body, dict) and all(
        name in body and _same(body[name], value) for name, value in where.items()
    )


def _same(one: Any, other: Any) -> bool:
    """JSON knows true and 1 apart, which Python does not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


class Matching:
    """The waits, by where they look."""

    def __init__(self) -> None:
        self._waits: dict[Key, MessageWait] = {}
        self._order: dict[Key, int] = {}
        self._number = 0
        self._steps: dict[str, set[str]] = {}
        """Waiting steps by run."""
        self._channels: dict[str, dict[Key, MessageWait]] = {}
        self._replies: dict[str, dict[str, dict[Key, MessageWait]]] = {}
        """By mailbox and the message that is answered: one bot may have very many of these."""
        self._mailboxes: dict[str, dict[Key, MessageWait]] = {}

    def __len__(self) -> int:
        return len(self._waits)

    def __iter__(self) -> Iterator[MessageWait]:
        return iter(tuple(self._waits.values()))

    def add(self, wait: MessageWait) -> None:
        """Remembers a wait, as the youngest one; a wait that is there already stays where it is."""
        if wait.key in self._waits:
            return
        self._number += 1
        self._order[wait.key] = self._number
        self._waits[wait.key] = wait
        self._steps.setdefault(wait.open.run, set()).add(wait.open.step)
        self._place(wait)[wait.key] = wait

    def discard(self, key: Key) -> None:
        wait = self._waits.pop(key, None)
        if wait is None:
            return
        del self._order[key]
        place, steps = self._place(wait), self._steps[wait.open.run]
        del place[key]
        if not place:
            self._forget_place(wait)
        steps.discard(wait.open.step)
        if not steps:
            del self._steps[wait.open.run]

    def discard_run(self, run: str) -> None:
        for step in tuple(self._steps.get(run, ())):
            self.discard((run, step))

    def find(self, key: Key) -> MessageWait | None:
        return self._waits.get(key)

    def wants(self, channel: str | None, bot_id: str | None) -> bool:
        """Whether any wait looks there."""
        if not self._waits:
            return False
        if channel is not None:
            return channel in self._channels
        return bot_id in self._mailboxes or bot_id in self._replies

    def candidates(self, message: Message, bot_id: str | None) -> list[MessageWait]:
        """The waits that a message fits, oldest first; of a channel the oldest of each run."""
        if message.channel is not None:
            found = self._fitting(message, self._channels.get(message.channel, {}).values())
            first: dict[str, MessageWait] = {}
            for wait in found:
                first.setdefault(wait.open.run, wait)
            return list(first.values())
        places = [self._mailboxes.get(bot_id or "", {})]
        if message.reply_to is not None:
            places.append(self._replies.get(bot_id or "", {}).get(message.reply_to, {}))
        return self._fitting(message, [wait for place in places for wait in place.values()])

    def _fitting(self, message: Message, waits: Iterable[MessageWait]) -> list[MessageWait]:
        return sorted((w for w in waits if fits(w, message)), key=lambda w: self._order[w.key])

    def _place(self, wait: MessageWait) -> dict[Key, MessageWait]:
        wanted = wait.open.wait
        if wanted.channel is not None:
            return self._channels.setdefault(wanted.channel, {})
        if wanted.reply_to is not None:
            return self._replies.setdefault(wanted.bot_id or "", {}).setdefault(wanted.reply_to, {})
        return self._mailboxes.setdefault(wanted.bot_id or "", {})

    def _forget_place(self, wait: MessageWait) -> None:
        wanted = wait.open.wait
        if wanted.channel is not None:
            del self._channels[wanted.channel]
        elif wanted.reply_to is not None:
            del self._replies[wanted.bot_id or ""][wanted.reply_to]
            if not self._replies[wanted.bot_id or ""]:
                del self._replies[wanted.bot_id or ""]
        else:
            del self._mailboxes[wanted.bot_id or ""]
