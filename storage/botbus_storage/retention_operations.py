"""What can be done to messages that are not to be kept any longer, and to the pages they leave free."""

from typing import Literal

from msgspec import Struct

from botbus_storage.operations import Operation

Undelivered = Literal["keep", "drop"]
"""What becomes of messages that somebody has yet to settle: they stay, or go and are counted."""


class Source(Struct, frozen=True):
    """The messages of a channel, or the direct ones of a recipient: one of the two is given."""

    channel: str | None = None
    recipient_id: str | None = None


class Guard(Struct, frozen=True):
    """What keeps a message from being deleted, whatever its age."""

    undelivered: Undelivered = "keep"
    dead_before: str = ""
    """A stored time: younger dead letters keep their messages. Empty: all of them do, for ever."""


class PruneMessages(Operation, frozen=True, kw_only=True):
    """Deletes messages of one source with all that became of them, except those that are guarded.

    Outcome: `Pruned`.
    """

    source: Source
    seqs: tuple[int, ...]
    guard: Guard


class Pruned(Struct, frozen=True, kw_only=True):
    seqs: tuple[int, ...]
    """The messages that are gone."""
    undelivered: int = 0
    """Deliveries that nobody got any more; they are counted in `bot_losses`."""
    dead: int = 0
    """Dead letters that went with their messages; they are counted there too."""


class FreePages(Operation, frozen=True):
    """Gives up to so many unused pages of the file back to the disk. Outcome: `Changed`."""

    pages: int
