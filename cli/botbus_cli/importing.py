"""`botbus import`: history from JSON lines, into the database of a daemon that is not running."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from botbus_cli.ending import Failed
from botbus_cli.migration_output import Progress, progress_bar, refusals
from botbus_cli.migration_target import Choice, key_option
from botbus_cli.options import example

SHOWN = 20
"""Lines that were left out and are told one by one."""
EVERY = 500
"""Lines between two signs of progress."""


@click.command("import", epilog=example("botbus import history.jsonl"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--skip-bad", is_flag=True, help="Leave out lines that are wrong, and go on.")
@click.option("--database", help="The SQLite file to write to (default: the daemon's).")
@key_option
def import_(file: Path, database: str | None, key_file: Path | None, *, skip_bad: bool) -> None:
    """Put the messages of an export back; - is standard input. The daemon must not be running.

    Into an empty database, or into the one they came from: messages keep their ids, seqs and times, and
    those that are there are left as they are. Nobody is delivered what is imported. If a line is wrong,
    nothing is changed.
    """
    from botbus_storage.archive.intake import BadLine, import_history
    from botbus_storage.database_lock import DatabaseLock
    from botbus_storage.migrator.connection import speaking

    os.umask(0o077)  # a database that it makes is for its owner alone
    choice = Choice(database, None, key_file)
    path, _ = choice.chosen(os.environ)
    with refusals(), speaking(path), progress_bar() as progress, ExitStack() as stack:
        lines = stack.enter_context(_input(file))
        path.resolve().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = stack.enter_context(DatabaseLock(path, "botbus import"))
        migrator = choice.migrator(lock=lock)
        migrator.run()
        connection = stack.enter_context(migrator.target.writing())
        try:
            done = import_history(connection, _told(lines, file, progress), skip_bad=skip_bad)
        except BadLine as bad:
            raise Failed("refused", f"{file}: {bad} (nothing was changed)") from bad
    for sentence in done.bad[:SHOWN]:
        click.echo(f"left out: {sentence}", err=True)
    text = f"{path} has {done.messages} messages more, {done.known} were there already"
    click.echo(f"{text}, {len(done.bad)} lines were left out" if skip_bad else text)


@contextmanager
def _input(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as lines:
        yield lines


def _told(lines: BinaryIO, file: Path, progress: Progress | None) -> Iterator[bytes]:
    """The lines, and how much of the file they are; of standard input nobody knows."""
    whole = 0 if progress is None or str(file) == "-" else file.stat().st_size
    done = 0
    for number, line in enumerate(lines):
        yield line
        done += len(line)
        if progress and whole and number % EVERY == 0:
            progress("import", done, whole)
