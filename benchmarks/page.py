"""`python -m benchmarks.page`: the tables of docs/performance.md, from the reference run.

The page's other words are written by people; its figures are written by nobody but this.
"""

import re

import msgspec
from rich.table import Table

from benchmarks.places import RESULTS
from benchmarks.report import tables
from benchmarks.run import Record

PAGE = RESULTS.parents[1] / "docs" / "performance.md"
REFERENCE = RESULTS / "reference.json"
BEGIN = "<!-- written by `python -m benchmarks.page` -->\n"
END = "<!-- the end of what is written so -->\n"

_STYLE = re.compile(r"\[/?\w+\]")


def render() -> str:
    """The generated part: every table of the reference run."""
    record = msgspec.json.decode(REFERENCE.read_bytes(), type=Record)
    return "\n".join(_markdown(table) for table in tables(record))


def written() -> str:
    """The generated part as the page has it."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0]


def write() -> None:
    before, _, after = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + render() + END + after.partition(END)[2])


def _markdown(table: Table) -> str:
    columns = [list(column.cells) for column in table.columns]
    heads = [str(column.header) for column in table.columns]
    rule = ["---:" if column.justify == "right" else "---" for column in table.columns]
    rows = [_row(cells) for cells in zip(*columns, strict=True)]
    caption = f"\n{table.caption}\n" if table.caption else ""
    return f"### {table.title}\n\n" + "\n".join([_row(heads), _row(rule), *rows]) + f"\n{caption}"


def _row(cells: list[str] | tuple[object, ...]) -> str:
    return f"| {' | '.join(_STYLE.sub('', str(cell)) for cell in cells)} |"


if __name__ == "__main__":
    write()
