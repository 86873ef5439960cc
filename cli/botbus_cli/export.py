"""`botbus export`: history as JSON lines, from the database, whether or not the daemon is running."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from botbus_cli.arguments import BOT_NAME, CHANNEL, MOMENT
from botbus_cli.ending import Failed
from botbus_cli.migration_output import progress_bar, refusals
from botbus_cli.migration_target import Choice, key_option
from botbus_cli.options import example


@click.command(
    epilog=example(
        "botbus export history.jsonl",
        "botbus export --channel builds --until 2026-01-01T00:00:00Z - | gzip > builds.jsonl.gz",
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--since", type=MOMENT, help="From this seq or time on.")
@click.option("--until", type=MOMENT, help="Up to this seq or time, which is left out.")
@click.option("--channel", type=CHANNEL, help="Only messages of this channel.")
@click.option("--bot", type=BOT_NAME, help="Only what this bot sent or was sent directly.")
@click.option("--database", help="The SQLite file to read (default: the daemon's).")
@key_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(
    file: Path,
    since: int | str | None,
    until: int | str | None,
    channel: str | None,
    bot: str | None,
    database: str | None,
    key_file: Path | None,
    *,
    force: bool,
) -> None:
    """Write messages into FILE, one JSON object a line, oldest first; - is standard output.

    The daemon may be running. The same messages always make the same file. Put them back with
    `botbus import FILE`.
    """
    from botbus_storage.archive.export import Extract, unknown
    from botbus_storage.archive.export import export as pieces_of

    extract = Extract(since=since, until=until, channel=channel, bot=bot)
    with refusals():
        target = Choice(database, None, key_file).migrator().target
    if not target.database.is_file():
        raise Failed("refused", f"there is no database {target.database}")
    count = 0
    with (
        refusals(),
        progress_bar() as progress,
        target.reading() as connection,
        _output(file, force=force) as out,
    ):
        if sentence := unknown(connection, extract):
            raise Failed("refused", sentence)
        for piece in pieces_of(connection, extract, progress):
            out.write(piece.text)
            count = piece.messages
    if str(file) != "-":
        click.echo(f"{file} holds {count} messages")


@contextmanager
def _output(file: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Where to write; a file gets its name when all of it is on the disk."""
    from botbus_storage.whole_file import written_whole

    to_stdout = str(file) == "-"
    if not to_stdout and file.exists() and not force:
        raise Failed("refused", f"{file} exists already: choose another name, or add --force")
    try:
        if to_stdout:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        with written_whole(file) as partial, partial.open("wb") as out:
            yield out
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failed("refused", f"{error.filename or file}: {error.strerror}") from error
