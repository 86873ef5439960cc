"""`botbus tail`: messages as they are committed, for watching."""

from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BOT, CHANNEL
from botbus_cli.connecting import on_the_bus
from botbus_cli.messages import echo_message
from botbus_cli.options import as_option, example, json_option

if TYPE_CHECKING:
    from botbus import Bus


@click.command(epilog=example("botbus tail --channel builds", "botbus tail --bot coder --after 0"))
@click.option("--channel", type=CHANNEL, help="Only messages of this channel.")
@click.option("--bot", type=BOT, help="Only messages that this bot sends or is sent directly.")
@click.option(
    "--after", type=click.IntRange(min=0), metavar="SEQ", help="Begin after this seq, not now."
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many.")
@as_option
@json_option
@on_the_bus
async def tail(
    bus: "Bus",
    channel: str | None,
    bot: str | None,
    after: int | None,
    count: int | None,
    *,
    as_json: bool,
) -> None:
    """Print messages as they are committed, until Ctrl-C. Takes none from anybody."""
    seen = 0
    async for message in bus.tail(channel=channel, bot=bot, after=after):
        echo_message(message, as_json=as_json)
        seen += 1
        if seen == count:
            return
