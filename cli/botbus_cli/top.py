"""`botbus top`: what goes on in the daemon, as it goes on."""

import sys
from collections.abc import AsyncIterator, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from botbus_cli.connecting import on_the_bus
from botbus_cli.figure_rows import MAILBOX_HEADINGS, mailbox_cells, rate_text, rows_of
from botbus_cli.json_lines import echo_json
from botbus_cli.options import as_option, example
from botbus_cli.rates import Rates, rates_between
from botbus_cli.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from botbus import Bus
    from botbus_protocol.replies import Figures

BUSIEST = 8
"""Operations whose rates are shown."""


class Reading(Struct, frozen=True):
    """The figures of a moment, and how fast they grew since the one before; a line of `--json`."""

    rates: Rates | None
    figures: "Figures"


def until_interrupted(command: Callable[..., None]) -> Callable[..., None]:
    """Makes Ctrl-C the ordinary end of a command."""

    @wraps(command)
    def interruptible(**given: Any) -> None:
        try:
            command(**given)
        except KeyboardInterrupt:
            return

    return interruptible


@click.command(epilog=example("botbus top", "botbus top --json --interval 10 >> figures.jsonl"))
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    metavar="S",
    default=2.0,
    show_default=True,
    help="Seconds between two readings.",
)
@click.option("--once", is_flag=True, help="Show the rates of one interval, and end.")
@click.option(
    "--mailboxes",
    type=click.IntRange(min=1),
    metavar="N",
    default=10,
    show_default=True,
    help="List so many of the fullest mailboxes.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One object a reading, with rates and figures."
)
@as_option
@until_interrupted
@on_the_bus
async def top(bus: "Bus", interval: float, mailboxes: int, *, once: bool, as_json: bool) -> None:
    """Watch the daemon's figures and how fast they grow, until Ctrl-C."""
    readings = _readings(bus, interval, mailboxes)
    if as_json:
        await _tell(readings, once=once)
    else:
        await _draw(readings, once=once)


async def _readings(bus: "Bus", interval: float, mailboxes: int) -> AsyncIterator[Reading]:
    """One reading after each interval."""
    import anyio

    before = await bus.stats(mailboxes)
    while True:
        await anyio.sleep(interval)
        after = await bus.stats(mailboxes)
        yield Reading(rates_between(before, after), after)
        before = after


async def _tell(readings: AsyncIterator[Reading], *, once: bool) -> None:
    async for reading in readings:
        echo_json(reading)
        sys.stdout.flush()
        if once:
            return


async def _draw(readings: AsyncIterator[Reading], *, once: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    live = console.is_terminal and not once
    with Live(console=console, screen=live, auto_refresh=False) as screen:
        async for reading in readings:
            if live:
                screen.update(_drawn(reading), refresh=True)
            else:
                console.print(_drawn(reading))
            if once:
                return


def _drawn(reading: Reading) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table

    figures = Table(box=None, show_header=False, pad_edge=False)
    figures.add_column(style="bold", no_wrap=True)
    figures.add_column(overflow="fold")
    for word, value in rows_of(reading.figures, reading.rates):
        figures.add_row(word, visible(value))
    boxes = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading, right in MAILBOX_HEADINGS:
        boxes.add_column(heading, justify="right" if right else "left", overflow="fold")
    for mailbox in reading.figures.backlog.mailboxes:
        boxes.add_row(*map(visible, mailbox_cells(mailbox)))
    return Group(figures, _busiest(reading.rates), boxes)


def _busiest(rates: Rates | None) -> str:
    """The operations that are asked for most."""
    made = [] if rates is None else sorted(rates.by_operation.items(), key=lambda item: -item[1])
    return "\n" + "  ".join(f"{op} {rate_text(rate)}" for op, rate in made[:BUSIEST])
