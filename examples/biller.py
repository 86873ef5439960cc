"""A bot that writes an invoice for each order: one, whatever dies when.

    python biller.py [SECONDS]          how long it thinks about each order

The order is done, its invoice published and the message acked in one commit. If the bot dies before,
the order comes again, and nothing has happened yet; if it dies afterwards, everything has.
"""

import asyncio
import sys
from contextlib import suppress

import botbus

THINKING = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0


async def main() -> None:
    async with botbus.connect("biller", timeout=30) as bus:
        await bus.create_channel("invoices")
        await bus.workflows.save({"name": "order", "steps": [{"id": "bill"}]})
        print("ready", flush=True)
        async for delivery in bus.listen(max_in_flight=1):
            await bill(bus, delivery)


async def bill(bus: botbus.Bus, delivery: botbus.Delivery) -> None:
    order = delivery.message
    # The order's id is the key: an order that comes again is the same run.
    run = await bus.runs.create("order", order.body, key=order.id)
    try:
        lease = (await bus.runs.claim(run.id)).lease or ""
    except botbus.IllegalState:  # it has died over this order several times: a little later
        await delivery.nak(delay=1, counts=False)
        return
    print(f"bills {order.body['order']}, attempt {delivery.attempt}", flush=True)
    await asyncio.sleep(THINKING)
    invoice = {"order": order.body["order"], "total": 1.19 * order.body["price"]}
    async with bus.atomic() as frame:
        frame.ack(delivery)
        frame.complete_step(run.id, "bill", lease, invoice)
        frame.update_run_status(run.id, "completed", result=invoice, lease=lease)
        frame.publish("invoices", invoice, type="invoice")


with suppress(KeyboardInterrupt):
    asyncio.run(main())
