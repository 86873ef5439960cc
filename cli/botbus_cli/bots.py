"""`botbus bots`: who there is, and who is there."""

from typing import TYPE_CHECKING

import click

from botbus_cli.connecting import on_the_bus
from botbus_cli.options import as_option, example, json_option, limit_option
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text

if TYPE_CHECKING:
    from botbus import Bus
    from botbus_protocol.records import Bot


@click.command(epilog=example("botbus bots --connected"))
@click.option("--connected", is_flag=True, help="Only bots that are connected now.")
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def bots(bus: "Bus", limit: int, *, connected: bool, as_json: bool) -> None:
    """List the bots that were ever seen or sent to, by name."""
    found = await bus.bots(connected=connected, limit=limit)
    nothing = "no bot is connected" if connected else "no bot was ever seen"
    show_list(found, _COLUMNS, as_json=as_json, nothing=nothing)


def _state(bot: "Bot") -> str:
    if bot.connections:
        return "connected" if bot.connections == 1 else f"{bot.connections} connections"
    return "offline" if bot.first_seen_at else "never seen"


_COLUMNS: list[Column["Bot"]] = [
    Column("bot", lambda bot: bot.name),
    Column("state", _state),
    Column("first seen (UTC)", lambda bot: time_text(bot.first_seen_at)),
    Column("last seen (UTC)", lambda bot: time_text(bot.last_seen_at)),
    Column("id", lambda bot: bot.id, wide=True),
]
