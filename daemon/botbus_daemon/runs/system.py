"""The bot and the channel that events of runs come from."""

from typing import TYPE_CHECKING

from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.run_events import RUN_CHANNEL, SYSTEM_BOT
from botbus_storage.operations import CreateChannel

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker


async def make_system_channel(broker: "Broker") -> None:
    """Makes both, if they are not there. Raises Refused if the disk does not let us."""
    bot_id, _ = await broker.see(SYSTEM_BOT)
    (result,) = await broker.store.submit([CreateChannel(name=RUN_CHANNEL, bot_id=bot_id)])
    if isinstance(result, Fault):
        raise Refused(Code(result.code), result.message)
