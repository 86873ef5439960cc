"""A bot that answers questions: it reviews one change at a time.

    python reviewer.py [SECONDS]        how long it thinks about each change

Run several of them: they share one mailbox, and each question goes to one of them. If one dies
while it thinks, another one is handed its question.
"""

import asyncio
import sys
from contextlib import suppress

import botbus

THINKING = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0


async def main() -> None:
    async with botbus.connect("reviewer") as bus:
        print("ready", flush=True)
        async for delivery in bus.listen(max_in_flight=1):
            match delivery.message.body:
                case {"change": str(change)}:
                    await review(change, delivery)
                case _:
                    await delivery.term('nothing to review: send {"change": "…"}')


async def review(change: str, delivery: botbus.Delivery) -> None:
    print(f"reviews {change!r}, attempt {delivery.attempt}", flush=True)
    await asyncio.sleep(THINKING)
    try:
        # The answer and the ack are one commit: a question is never answered and still open.
        await delivery.reply({"change": change, "approved": True}, type="review")
    except botbus.LeaseLost:
        print(f"{change!r} took too long: it comes again, to whoever is free", flush=True)


with suppress(KeyboardInterrupt):
    asyncio.run(main())
