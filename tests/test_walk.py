"""The whole path, thinly: one message from bot to bot through a real daemon, over a restart."""

import botbus
from tests.daemons import DaemonProcess


async def test_a_message_survives_a_crash_and_is_delivered_once_acked(
    daemon: DaemonProcess,
) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        receipt = await bus.send("coder", {"task": "fix #12"}, type="task")
    daemon.kill()
    daemon.start()
    async with botbus.connect("coder", url=daemon.url) as bus:
        (delivery,) = await bus.fetch(max=10, wait=5.0)
        assert delivery.message.id == receipt.id
        assert delivery.message.body == {"task": "fix #12"}
        await delivery.ack()
    async with botbus.connect("coder", url=daemon.url) as bus:
        assert await bus.fetch(max=10) == []
