"""`botbus channel`: channels, and who is subscribed to them."""

from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import CHANNEL, START
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json, plain
from botbus_cli.options import (
    as_option,
    example,
    from_option,
    json_option,
    limit_option,
    operator_option,
)
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text

if TYPE_CHECKING:
    from botbus import Bus, Channel


@click.group(cls=ListsByDefault, epilog=example("botbus channel create builds"))
def channel() -> None:
    """List, create and show channels; subscribe to them. Plain `botbus channel` lists."""


@channel.command("list", epilog=example("botbus channel list --json"))
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def list_(bus: "Bus", limit: int, *, as_json: bool) -> None:
    """List the channels by name."""
    found = await bus.channels(limit=limit)
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no channel yet")


@channel.command(epilog=example("botbus channel create builds --from builder"))
@click.argument("name", type=CHANNEL)
@operator_option
@json_option
@on_the_bus
async def create(bus: "Bus", name: str, *, as_json: bool) -> None:
    """Create a channel; one that exists stays as it is."""
    made = await bus.create_channel(name)
    if as_json:
        echo_json(made)
    else:
        since = time_text(made.created_at)
        click.echo(f"channel {name} is there since {since} UTC, created by {made.created_by}")


@channel.command(epilog=example("botbus channel show builds"))
@click.argument("name", type=CHANNEL)
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def show(bus: "Bus", name: str, limit: int, *, as_json: bool) -> None:
    """Show a channel and its subscribers."""
    found = await bus.channel(name)
    names = await bus.subscribers(name, limit=limit)
    if as_json:
        echo_json(plain(found) | {"subscriber_names": names})
        return
    click.echo(f"channel {name}")
    click.echo(f"created      {time_text(found.created_at)} UTC by {found.created_by}")
    click.echo(f"last seq     {found.last_seq or 'none yet'}")
    click.echo(f"subscribers  {found.subscribers}")
    for subscriber in names:
        click.echo(f"  {subscriber}")


@channel.command(
    epilog=example(
        "botbus channel subscribe builds --from tester",
        "botbus channel subscribe builds --from archivist --start first",
    )
)
@click.argument("name", metavar="CHANNEL", type=CHANNEL)
@from_option
@click.option(
    "--start",
    type=START,
    default="new",
    show_default=True,
    help="Its first message: new, first, a seq or a time.",
)
@json_option
@on_the_bus
async def subscribe(bus: "Bus", name: str, start: int | str, *, as_json: bool) -> None:
    """Subscribe ME to CHANNEL, for good; a subscription that exists stays as it is."""
    made = await bus.subscribe(name, start=start)
    if as_json:
        echo_json(made)
    else:
        click.echo(f"{made.bot} is subscribed to {name}, to messages after seq {made.cursor}")


@channel.command(epilog=example("botbus channel unsubscribe builds --from tester"))
@click.argument("name", metavar="CHANNEL", type=CHANNEL)
@from_option
@json_option
@on_the_bus
async def unsubscribe(bus: "Bus", name: str, *, as_json: bool) -> None:
    """End the subscription of ME to CHANNEL."""
    changed = await bus.unsubscribe(name)
    if as_json:
        echo_json({"bot": bus.name, "channel": name, "changed": changed})
    else:
        words = "is no longer" if changed else "was not"
        click.echo(f"{bus.name} {words} subscribed to {name}")


_COLUMNS: list[Column["Channel"]] = [
    Column("channel", lambda channel: channel.name),
    Column("subscribers", lambda channel: channel.subscribers, right=True),
    Column("last seq", lambda channel: channel.last_seq or "", right=True),
    Column("created (UTC)", lambda channel: time_text(channel.created_at)),
    Column("by", lambda channel: channel.created_by),
]
