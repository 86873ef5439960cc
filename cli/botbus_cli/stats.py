"""`botbus stats`: what goes on in the daemon, at one moment."""

from operator import itemgetter
from typing import TYPE_CHECKING

import click

from botbus_cli.connecting import on_the_bus
from botbus_cli.figure_rows import MAILBOX_HEADINGS, mailbox_cells, number, rows_of
from botbus_cli.json_lines import echo_json
from botbus_cli.options import as_option, example, json_option
from botbus_cli.tables import Column, show_list

if TYPE_CHECKING:
    from botbus import Bus


@click.command(epilog=example("botbus stats", "botbus stats --json | jq .commits.p99_seconds"))
@click.option(
    "--mailboxes",
    type=click.IntRange(min=1),
    metavar="N",
    default=20,
    show_default=True,
    help="List so many of the fullest mailboxes.",
)
@as_option
@json_option
@on_the_bus
async def stats(bus: "Bus", mailboxes: int, *, as_json: bool) -> None:
    """Show the daemon's figures: traffic, commits, disk, what waits, and the fullest mailboxes.

    What is counted is counted since the daemon started.
    """
    figures = await bus.stats(mailboxes)
    if as_json:
        echo_json(figures)
        return
    show_list(list(rows_of(figures)), _FIGURES, as_json=False, nothing="")
    if fullest := figures.backlog.mailboxes:
        click.echo()
        cells = [mailbox_cells(mailbox) for mailbox in fullest]
        show_list(cells, _MAILBOXES, as_json=False, nothing="")
    if figures.traffic.requests:
        click.echo()
        made = sorted(figures.traffic.requests.items(), key=lambda item: (-item[1], item[0]))
        show_list(made, _REQUESTS, as_json=False, nothing="")


_FIGURES: list[Column[tuple[str, str]]] = [
    Column("figure", lambda row: row[0]),
    Column("value", lambda row: row[1], folds=True),
]
_MAILBOXES: list[Column[tuple[str, ...]]] = [
    Column(heading, itemgetter(place), right=right)
    for place, (heading, right) in enumerate(MAILBOX_HEADINGS)
]
_REQUESTS: list[Column[tuple[str, int]]] = [
    Column("request", lambda made: made[0]),
    Column("count", lambda made: number(made[1]), right=True),
]
