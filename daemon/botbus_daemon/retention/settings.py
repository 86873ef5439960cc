"""The `[retention]` table of the settings: what is kept of which messages, and what is never lost."""

from fnmatch import fnmatchcase

from msgspec import Struct, field

from botbus_daemon.bounds import Count, Days, Seconds, SomeSeconds
from botbus_protocol.run_events import RUN_CHANNEL
from botbus_storage.retention_operations import Source, Undelivered


class Keeping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is kept of a source: a channel, or the direct messages of one recipient. 0: all."""

    max_age_days: Days = 0.0
    max_messages: Count = 0
    max_bytes: Count = 0
    """Of bodies and headers, as JSON text."""
    undelivered: Undelivered = "keep"
    """What becomes of messages that a recipient or subscriber has yet to settle."""

    def limits(self) -> bool:
        """Whether anything is ever to go."""
        return bool(self.max_age_days or self.max_messages or self.max_bytes)


class ChannelKeeping(Keeping, frozen=True, kw_only=True, forbid_unknown_fields=True):
    match: str
    """A pattern of names of channels, such as `builds.*`."""


def _default_channels() -> list[ChannelKeeping]:
    return [ChannelKeeping(match=RUN_CHANNEL, max_age_days=30.0)]


class RetentionPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    every_seconds: SomeSeconds = 5.0
    """After something was written: until it is looked at what may go."""
    duplicate_seconds: Seconds = 120.0
    """No message goes earlier, whatever the limits: so long a repeated id is recognised."""
    dead_letter_days: Days = 0.0
    """A dead letter keeps its message for so long. 0: until it is replayed or dropped."""
    connections: Count = 10_000
    """The daemon's own clients that are gone and are remembered."""
    connection_days: Days = 30.0
    """For which any connection is remembered after it was last heard of. 0: for ever."""
    direct: Keeping = field(default_factory=Keeping)
    channels: list[ChannelKeeping] = field(default_factory=_default_channels)
    """The first that matches decides; a channel that none matches is kept whole."""

    def keeping(self, source: Source) -> Keeping | None:
        """What is kept of a source; None if that is everything."""
        if source.channel is None:
            found: Keeping | None = self.direct
        else:
            name = source.channel
            found = next((k for k in self.channels if fnmatchcase(name, k.match)), None)
        return found if found is not None and found.limits() else None

    def limits(self) -> bool:
        """Whether anything is ever to go."""
        return any(keeping.limits() for keeping in (self.direct, *self.channels))
