"""`botbus message`: one message, its whole life, and taking it back."""

from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import MESSAGE_ID
from botbus_cli.connecting import on_the_bus
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, from_option, json_option
from botbus_cli.timeline import life_lines

if TYPE_CHECKING:
    from botbus import Bus


@click.group(epilog=example("botbus history --thread ID", "botbus message show ID"))
def message() -> None:
    """Show the whole life of a message, or take it back."""


@message.command(epilog=example("botbus message show 01936f5e-7d0c-7c3a-9b8e-0123456789ab"))
@click.argument("id", type=MESSAGE_ID)
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:  # noqa: A002 - the contract's word
    """Show what became of a message: who fetched it, when, what for, and who replied."""
    life = await bus.message(id)
    if as_json:
        echo_json(life)
    else:
        for line in life_lines(life):
            click.echo(line)


@message.command(
    epilog=example("botbus message recall 01936f5e-7d0c-7c3a-9b8e-0123456789ab --from planner")
)
@click.argument("id", type=MESSAGE_ID)
@from_option
@json_option
@on_the_bus
async def recall(bus: "Bus", id: str, *, as_json: bool) -> None:  # noqa: A002 - the contract's word
    """Take back a message of ME that nobody has been handed yet."""
    changed = await bus.recall(id)
    if as_json:
        echo_json({"id": id, "changed": changed})
    else:
        click.echo(f"message {id} {'is' if changed else 'was already'} recalled")
