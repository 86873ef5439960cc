"""Names that belong to the daemon: nobody speaks as its bot, publishes to its channels, or makes more
of either.
"""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.run_events import SYSTEM_BOT, SYSTEM_PREFIX


def check_bot_name(name: str) -> None:
    """Raises Refused (`denied`) for the name of a bot of the daemon's own."""
    if name == SYSTEM_BOT or name.startswith(SYSTEM_PREFIX):
        raise Refused(
            Code.DENIED, f"the bot name {name!r} belongs to the daemon: take one of your own"
        )


def check_channel_name(name: str) -> None:
    """Raises Refused (`denied`) for a channel of the daemon's own."""
    if name.startswith(SYSTEM_PREFIX):
        raise Refused(
            Code.DENIED,
            f"the channel {name!r} belongs to the daemon: subscribe to it, or take one of your own",
            channel=name,
        )


def check_target(to: str | None, channel: str | None) -> None:
    """Raises Refused (`denied`) for a message to where only the daemon speaks, or that nobody reads."""
    if channel is not None:
        check_channel_name(channel)
    elif to is not None and (to == SYSTEM_BOT or to.startswith(SYSTEM_PREFIX)):
        raise Refused(Code.DENIED, f"{to!r} is the daemon itself, which reads no messages", to=to)
