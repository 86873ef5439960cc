"""The `[bot_limits]` table of the settings: how much one bot may use of what belongs to all."""

from msgspec import Struct

from botbus_daemon.bounds import AtLeastOne, Count, Rate

GIB = 1024**3


class BotLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0 is no limit. Bytes are those of bodies and headers, as JSON text."""

    connections: Count = 1000
    """Connections that speak for one bot."""
    parked: Count = 2000
    """Requests of one bot that wait in the daemon for something to happen."""
    mailbox_messages: Count = 2_000_000
    """Direct messages that their recipient has yet to settle."""
    mailbox_bytes: Count = 4 * GIB
    sender_messages: Count = 1_000_000
    """Those of one sender in one mailbox: so nobody can fill it up for the others."""
    sender_bytes: Count = 2 * GIB
    messages_per_second: Rate = 0.0
    """That one bot may send, publish and ask, on average."""
    burst_messages: AtLeastOne = 1000
    """That it may send at once after a pause."""
    stored_bytes: Count = 10 * GIB
    """Of all messages that a bot has sent and that are still kept."""
