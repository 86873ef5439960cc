"""A bot that is asked before something cannot be undone, and says yes or no.

    python maintainer.py [no]           says yes to everything, or no

A workflow that waits for it costs nothing, whether it takes a second or a month to answer. A person
would type `botbus run approve RUN STEP` instead.
"""

import asyncio
import sys
from contextlib import suppress

import botbus

APPROVES = sys.argv[1:] != ["no"]


async def main() -> None:
    async with botbus.connect("maintainer") as bus:
        print("ready", flush=True)
        async for delivery in bus.listen(max_in_flight=1):
            if delivery.message.type == "approval.request":
                await decide(delivery)
            else:
                await delivery.term("nothing to decide")


async def decide(delivery: botbus.Delivery) -> None:
    answer = "yes" if APPROVES else "no"
    print(f"says {answer} to {delivery.message.body['prompt']!r}", flush=True)
    await delivery.reply({"approved": APPROVES, "comment": f"the maintainer says {answer}"})


with suppress(KeyboardInterrupt):
    asyncio.run(main())
