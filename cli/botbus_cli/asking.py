"""`botbus ask`: a question, and its answer on stdout."""

from typing import TYPE_CHECKING, Any

import click

from botbus_cli.arguments import BODY, BOT, SECONDS, Body
from botbus_cli.connecting import on_the_bus
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, from_option, json_option
from botbus_cli.sending import letter_options
from botbus_cli.visible import body_text

if TYPE_CHECKING:
    from botbus import Bus


@click.command(
    epilog=example("""botbus ask coder '{"q": "status?"}' --from planner --timeout 10"""),
)
@click.argument("bot", type=BOT)
@click.argument("body", type=BODY)
@from_option
@click.option(
    "--timeout",
    type=SECONDS,
    metavar="S",
    default=30.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
@letter_options
@json_option
@on_the_bus
async def ask(
    bus: "Bus", bot: str, body: Body, timeout: float, letter: dict[str, Any], *, as_json: bool
) -> None:
    """Ask BOT and print the body of its answer; exit code 4 if none comes in time.

    The question stays in the mailbox of BOT, and a late answer comes to the mailbox of ME.
    """
    answer = await bus.ask(bot, body.value, timeout=timeout, **letter)
    if as_json:
        echo_json(answer)
    else:
        click.echo(body_text(answer.body))
