"""What the migration commands show: refusals on stderr, a progress bar on a terminal, tables.

Nothing here decides anything. A bar appears only on a terminal and only once there is progress.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from botbus_storage.migrator import Report, Status

Progress = Callable[[str, int, int], None]


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what the migrator refuses into its sentence on stderr and the exit code 1."""
    import logging

    from botbus_storage.migrator import Locked, MigrationError

    logging.getLogger("botbus.migrator").addHandler(logging.NullHandler())
    try:
        yield
    except (MigrationError, Locked, sqlite3.Error) as error:
        click.echo(f"botbus: {error}", err=True)
        sys.exit(1)


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Something to tell progress to, or None in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield told


def show_report(report: "Report", word: str, database: object) -> None:
    """What was done, a line each, and where the database stands now."""
    for done in report.done:
        click.echo(f"{word} {done.title} in {done.milliseconds:.1f} ms")
    if report.backup:
        click.echo(f"backup {report.backup}")
    nothing = "" if report.done else ", nothing to do"
    click.echo(f"{database} is at version {report.version}{nothing}")


def show_status(status: "Status", database: object) -> None:
    """Every migration as a row of a table, then the problems of the folder."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{database} is at version {status.version}", title_justify="left")
    for heading in ("migration", "state", "applied at (UTC)", "ms", "by", "way back"):
        table.add_column(heading, justify="right" if heading == "ms" else "left")
    for entry in status.entries:
        row = entry.row
        when = row.applied_at[:19].replace("T", " ") if row else ""
        applied = (when, f"{row.duration_ms:.1f}", row.app_version) if row else ("", "", "")
        back = "yes" if entry.migration and entry.migration.down else "no"
        table.add_row(entry.title, entry.state, *applied, back)
    console = Console(soft_wrap=True)
    console.print(table)
    for problem in status.problems:
        console.print(problem, markup=False)
