"""`botbus send` and `botbus publish`: messages on their way, and the receipts they get."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from botbus_cli.arguments import BODY, BOT, CHANNEL, HEADER, MESSAGE_ID, SECONDS, Body
from botbus_cli.connecting import on_the_bus
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, from_option, json_option

if TYPE_CHECKING:
    from botbus import Bus, Receipt


def letter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every message may have, handed to the command as the keywords of `Bus.send`."""

    @click.option("--type", default="message", help="What kind of message it is.")
    @click.option(
        "--id", type=MESSAGE_ID, help="A UUIDv7 of yours: what is sent twice with it arrives once."
    )
    @click.option("--reply-to", type=MESSAGE_ID, metavar="ID", help="The message this answers.")
    @click.option("--ttl", type=SECONDS, metavar="S", help="Seconds until it is given up.")
    @click.option("--delay", type=SECONDS, metavar="S", help="Seconds it is held back.")
    @click.option(
        "--session", "session_id", type=MESSAGE_ID, metavar="ID", help="The session it is part of."
    )
    @click.option(
        "--header", "headers", type=HEADER, multiple=True, help="name=value; may be repeated."
    )
    @wraps(command)
    def with_letter(headers: tuple[tuple[str, str], ...], **given: Any) -> Any:
        names = ("type", "id", "reply_to", "ttl", "delay", "session_id")
        letter = {name: given.pop(name) for name in names} | {"headers": dict(headers)}
        return command(letter=letter, **given)

    return with_letter


@click.command(
    epilog=example(
        """botbus send coder '{"task": "fix #12"}' --from planner --type task""",
        "git diff | botbus send reviewer - --from coder --header branch=main",
    )
)
@click.argument("bot", type=BOT)
@click.argument("body", type=BODY)
@from_option
@letter_options
@json_option
@on_the_bus
async def send(bus: "Bus", bot: str, body: Body, letter: dict[str, Any], *, as_json: bool) -> None:
    """Put a message into the mailbox of BOT, whether or not it is there.

    BODY is JSON, or - for stdin; plain text becomes a JSON string.
    """
    receipt = await bus.send(bot, body.value, **letter)
    _show(receipt, f"to {bot} ({_presence(receipt)})", as_json=as_json)


@click.command(
    epilog=example(
        """botbus publish builds '{"ok": true}' --from builder --type build.done""",
    )
)
@click.argument("channel", type=CHANNEL)
@click.argument("body", type=BODY)
@from_option
@letter_options
@json_option
@on_the_bus
async def publish(
    bus: "Bus", channel: str, body: Body, letter: dict[str, Any], *, as_json: bool
) -> None:
    """Give a message to every subscriber of CHANNEL.

    BODY is JSON, or - for stdin; plain text becomes a JSON string.
    """
    receipt = await bus.publish(channel, body.value, **letter)
    many = "subscriber" if receipt.recipients == 1 else "subscribers"
    _show(receipt, f"to #{channel} ({receipt.recipients} {many})", as_json=as_json)


def _presence(receipt: "Receipt") -> str:
    if receipt.connected:
        return "connected"
    return "offline: it waits in its mailbox" if receipt.known else "never seen: check the name"


def _show(receipt: "Receipt", to: str, *, as_json: bool) -> None:
    if as_json:
        echo_json(receipt)
    else:
        verb = "was sent before" if receipt.duplicate else "sent"
        click.echo(f"{verb} {to}: seq {receipt.seq}, id {receipt.id}")
