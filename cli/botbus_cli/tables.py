"""Lists as tables: drawn on a terminal, plain aligned columns in a pipe, JSON lines for programs."""

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import click

from botbus_cli.json_lines import echo_json
from botbus_cli.visible import visible

T = TypeVar("T")

WIDE = 120
"""Columns of a terminal from which on there is room for what is `wide`."""


class Column(NamedTuple, Generic[T]):
    heading: str
    cell: Callable[[T], Any]
    right: bool = False
    folds: bool = False
    """May take several lines on a terminal."""
    wide: bool = False
    """Left out on a narrow terminal."""


def show_list(
    records: Sequence[T], columns: Sequence[Column[T]], *, as_json: bool, nothing: str
) -> None:
    """Shows a list; an empty one is a sentence on stderr, so that a pipe gets nothing."""
    if as_json:
        for record in records:
            echo_json(record)
    elif not records:
        click.echo(nothing, err=True)
    elif sys.stdout.isatty():
        _draw(records, columns)
    else:
        _align(records, columns)


def _draw(records: Sequence[T], columns: Sequence[Column[T]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    room = shutil.get_terminal_size().columns
    fitting = [column for column in columns if room >= WIDE or not column.wide]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in fitting:
        table.add_column(
            column.heading,
            justify="right" if column.right else "left",
            no_wrap=not column.folds,
            overflow="fold",
        )
    for record in records:
        table.add_row(*(Text(text) for text in _cells(record, fitting)))
    Console().print(table)


def _align(records: Sequence[T], columns: Sequence[Column[T]]) -> None:
    rows = [[column.heading for column in columns], *(_cells(r, columns) for r in records)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def _cells(record: T, columns: Sequence[Column[T]]) -> list[str]:
    values = (column.cell(record) for column in columns)
    return ["" if value is None else visible(str(value)) for value in values]
