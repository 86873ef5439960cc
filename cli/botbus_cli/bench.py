"""`botbus bench`: how fast the bus is here, measured on a daemon of its own in a folder of its own.

Small on purpose: a few seconds, one client process, durable messages of 200 bytes.
"""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import click

from botbus_cli.bench_loads import Figure, delivered, published
from botbus_cli.connecting import run
from botbus_cli.options import example, json_option
from botbus_cli.own_daemon import served
from botbus_cli.tables import Column, show_list

IN_FLIGHT = (1, 64, 1024)


@click.command(epilog=example("botbus bench", "botbus bench --seconds 5 --dir /var/tmp --json"))
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.05, max=60),
    default=1.0,
    show_default=True,
    help="How long each measurement takes.",
)
@click.option(
    "--dir",
    "place",
    type=click.Path(path_type=Path, file_okay=False, exists=True, writable=True),
    help="On which disk; by default that of the temporary folder.",
)
@json_option
def bench(seconds: float, place: Path | None, *, as_json: bool) -> None:
    """Measure publishing and delivery on a daemon of its own, and remove all traces."""
    with (
        tempfile.TemporaryDirectory(prefix="botbus-bench-") as sockets,
        tempfile.TemporaryDirectory(prefix="botbus-bench-", dir=place) as folder,
        served(url := f"ipc://{sockets}/bus.sock", Path(folder) / "bus.db"),
    ):
        figures = [
            _measured(f"publishing, {n} in flight", partial(published, url, seconds, n))
            for n in IN_FLIGHT
        ]
        figures.append(_measured("publish to delivery", partial(delivered, url, seconds)))
    show_list(figures, _COLUMNS, as_json=as_json, nothing="nothing was measured")


def _measured(what: str, load: Callable[[], Awaitable[Figure]]) -> Figure:
    """What a load gives; on a terminal it is told what is going on."""
    found: list[Figure] = []

    async def measure() -> None:
        found.append(await load())

    with _status(f"{what} …"):
        run(measure, uvloop=True)
    return found[0]


def _status(words: str) -> AbstractContextManager[object]:
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(words)


_COLUMNS: list[Column[Figure]] = [
    Column("load", lambda figure: figure.load),
    Column("in flight", lambda figure: figure.in_flight, right=True),
    Column("messages", lambda figure: figure.messages, right=True),
    Column("per second", lambda figure: f"{figure.per_second:,.0f}", right=True),
    Column("p50 ms", lambda figure: f"{figure.p50_ms:.2f}", right=True),
    Column("p99 ms", lambda figure: f"{figure.p99_ms:.2f}", right=True),
]
