"""`botbus compact`: writes the database anew, without the pages that nothing uses."""

from pathlib import Path

import click

from botbus_cli.migration_output import refusals
from botbus_cli.migration_target import Choice, key_option
from botbus_cli.options import example


@click.command(epilog=example("botbus compact"))
@click.option("--database", help="The SQLite file (default: the daemon's).")
@key_option
def compact(database: str | None, key_file: Path | None) -> None:
    """Write the database anew, as small as it gets. The daemon must not be running.

    Needed once for a file that does not shrink by itself (`botbus doctor` says so), and never again.
    """
    from botbus_storage.compaction import compact as compact_file

    with refusals():
        target = Choice(database, None, key_file).migrator().target
        done = compact_file(target)
    click.echo(
        f"{target.database} had {done.before / 1e6:.1f} MB and has {done.after / 1e6:.1f} MB"
    )
