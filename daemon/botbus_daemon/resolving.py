"""From a name or an id to the bot."""

from botbus_daemon.broker import Broker
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Bot


async def bot_named(broker: Broker, name_or_id: str) -> Bot:
    """Raises Refused if there is no such bot."""
    bot = await broker.store.directory.find_bot(name_or_id)
    if bot is None:
        raise Refused(
            Code.NOT_FOUND,
            f"there is no bot {name_or_id!r}: `botbus bots` lists them",
            bot=name_or_id,
        )
    return bot
