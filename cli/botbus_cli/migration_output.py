"""What the migration commands show: refusals on stderr, a progress bar on a terminal, tables.

Nothing here decides anything. A bar appears only on a terminal and only once there is progress.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from botbus_cli.ending import Failed
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text

if TYPE_CHECKING:
    from botbus_storage.migrator import Report, Status
    from botbus_storage.migrator.plan import Entry

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
        raise Failed("refused", str(error)) from error


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


def show_status(status: "Status", limit: int) -> None:
    """The newest migrations as a table."""
    show_list(status.entries[-limit:], _COLUMNS, as_json=False, nothing="there are no migrations")


def status_line(entry: "Entry") -> dict[str, Any]:
    """A migration for programs; what is not known is null."""
    row = entry.row
    return {
        "version": entry.version,
        "name": entry.title,
        "state": entry.state,
        "reversible": _reversible(entry),
        "applied_at": row.applied_at if row else None,
        "duration_ms": row.duration_ms if row else None,
        "app_version": row.app_version if row else None,
        "checksum": row.checksum if row else None,
    }


def _reversible(entry: "Entry") -> bool:
    return bool(entry.migration and entry.migration.down)


_COLUMNS: tuple[Column["Entry"], ...] = (
    Column("migration", lambda entry: entry.title),
    Column("state", lambda entry: entry.state),
    Column("applied at (UTC)", lambda entry: time_text(entry.row.applied_at) if entry.row else ""),
    Column("ms", lambda entry: f"{entry.row.duration_ms:.1f}" if entry.row else "", right=True),
    Column("by", lambda entry: entry.row.app_version if entry.row else "", wide=True),
    Column("way back", lambda entry: "yes" if _reversible(entry) else "no"),
)
