"""Looking into a mailbox in pages: only an empty page is the last."""

import botbus
from tests.daemons import DaemonProcess
from tests.waiting import until


async def test_expired_messages_do_not_end_the_look(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        for number in range(5):
            await planner.send("coder", number, ttl=0.001)
        await planner.send("coder", "alive")

        async def expired() -> bool:
            return [m.body for m in await coder.peek(max=50)] == ["alive"]

        await until(expired)
        assert [m.body for m in await coder.peek(max=2)] == ["alive"]
