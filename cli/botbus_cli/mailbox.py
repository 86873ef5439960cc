"""`botbus listen` and `botbus wait`: a bot's own mailbox, as a stream or as what is there now.

A delivery is acked after it has been printed and flushed, never before: what dies with the command
is delivered again. To look is not to take: without `--ack` nothing is leased.
"""

import math
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BOT_NAME, SECONDS
from botbus_cli.connecting import on_the_bus
from botbus_cli.ending import REFUSED, told
from botbus_cli.messages import echo_message
from botbus_cli.options import example, json_option, limit_option

if TYPE_CHECKING:
    from botbus import Bus, Delivery, Message

BATCH = 64
"""Deliveries taken at once."""
LOOK = 300.0
"""Seconds of one look at an empty mailbox; the next follows at once."""


@click.command(
    epilog=example("botbus listen coder --ack --json | my-bot", "botbus listen coder --count 1")
)
@click.argument("me", type=BOT_NAME)
@click.option("--ack", is_flag=True, help="Take the messages: ack each once it is printed.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many.")
@json_option
@on_the_bus
async def listen(bus: "Bus", count: int | None, *, ack: bool, as_json: bool) -> None:
    """Print what is in the mailbox of ME, and what comes, until Ctrl-C.

    Without --ack this only looks: nothing is taken from the bot.
    """
    most = count or math.inf
    if ack:
        await _take(bus, most, as_json=as_json)
    else:
        await _look(bus, most, as_json=as_json)


@click.command(
    epilog=example("botbus wait coder --timeout 60 --json", "botbus wait coder --peek --timeout 0")
)
@click.argument("me", type=BOT_NAME)
@click.option("--timeout", type=SECONDS, metavar="S", help="Seconds to wait; for ever by default.")
@click.option("--peek", is_flag=True, help="Leave the messages in the mailbox.")
@limit_option(1000)
@json_option
@on_the_bus
async def wait(bus: "Bus", timeout: float | None, limit: int, *, peek: bool, as_json: bool) -> None:
    """Print what is in the mailbox of ME and exit; if it is empty, wait until something comes.

    What is printed is acked. Exit code 4 if nothing came in time.
    """
    patience = math.inf if timeout is None else timeout
    if peek:
        found = await _show_what_is_there(bus, patience, limit, as_json=as_json)
    else:
        found = await _take_what_is_there(bus, patience, limit, as_json=as_json)
    if not found:
        from botbus import Timeout

        raise Timeout(f"nothing came for {bus.name} within {patience:g} s")


async def _take(bus: "Bus", most: float, *, as_json: bool) -> None:
    taken = 0
    async for delivery in bus.listen(max_in_flight=int(min(BATCH, most))):
        await _hand_over(delivery, as_json=as_json)
        taken += 1
        if taken >= most:
            return


async def _look(bus: "Bus", most: float, *, as_json: bool) -> None:
    seen = 0
    async for message in _looking(bus):
        echo_message(message, as_json=as_json)
        seen += 1
        if seen >= most:
            return


async def _looking(bus: "Bus") -> "AsyncIterator[Message]":
    last = 0
    while True:
        for message in await bus.peek(after=last, wait=LOOK):
            yield message
            last = message.seq


async def _take_what_is_there(bus: "Bus", patience: float, limit: int, *, as_json: bool) -> int:
    taken = 0
    while taken < limit:
        deliveries = await bus.fetch(max=min(BATCH, limit - taken), wait=0 if taken else patience)
        if not deliveries:
            break
        for delivery in deliveries:
            await _hand_over(delivery, as_json=as_json)
        taken += len(deliveries)
    return taken


async def _show_what_is_there(bus: "Bus", patience: float, limit: int, *, as_json: bool) -> int:
    seen = last = 0
    while seen < limit:
        want = min(BATCH, limit - seen)
        messages = await bus.peek(max=want, after=last, wait=0 if seen else patience)
        if not messages:
            break
        for message in messages:
            echo_message(message, as_json=as_json)
        seen += len(messages)
        last = messages[-1].seq
    return seen


async def _hand_over(delivery: "Delivery", *, as_json: bool) -> None:
    """Prints, then acks. A lease that ended meanwhile is told: the message will come again."""
    from botbus import LeaseLost

    echo_message(delivery.message, as_json=as_json, attempt=delivery.attempt)
    try:
        await delivery.ack()
    except LeaseLost as error:
        told(error.code, error.message, REFUSED)
