"""`botbus restore`: puts a backup in the place of the database, which is kept under another name."""

from pathlib import Path

import click

from botbus_cli.migration_output import progress_bar, refusals
from botbus_cli.migration_target import Choice, key_option
from botbus_cli.options import example


@click.command(epilog=example("botbus restore botbus.db-v0003-20260131T090000.000000Z.backup"))
@click.argument("backup", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--database", help="The SQLite file to replace (default: the daemon's).")
@key_option
def restore(backup: Path, database: str | None, key_file: Path | None) -> None:
    """Replace the database by BACKUP. The daemon must not be running.

    The backup is checked first and stays where it is; the database before it is kept.
    """
    with refusals(), progress_bar() as progress:
        migrator = Choice(database, None, key_file).migrator()
        restored = migrator.restore(backup, progress=progress)
    click.echo(f"{migrator.target.database} is now {backup}, at version {restored.version}")
    if restored.kept:
        click.echo(f"the database before it is {restored.kept}")
