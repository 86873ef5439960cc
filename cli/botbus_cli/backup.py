"""`botbus backup`: a copy of the database, made while the daemon serves."""

from pathlib import Path

import click

from botbus_cli.json_lines import echo_json
from botbus_cli.migration_output import progress_bar, refusals
from botbus_cli.migration_target import Choice, key_option
from botbus_cli.options import example, json_option


@click.command(epilog=example("botbus backup /backups/botbus-monday.db"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--database", help="The SQLite file to copy (default: the daemon's).")
@key_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
def backup(
    file: Path, database: str | None, key_file: Path | None, *, force: bool, as_json: bool
) -> None:
    """Copy the database into FILE, whether or not the daemon is running.

    The copy holds one moment, is checked and synced to the disk, and only then gets its name. Go
    back to it with `botbus restore FILE`.
    """
    with refusals(), progress_bar() as progress:
        migrator = Choice(database, None, key_file).migrator()
        made = migrator.back_up(file, replace=force, progress=progress)
    source = str(migrator.target.database)
    if as_json:
        echo_json(
            {"file": str(file), "database": source, "version": made.version, "bytes": made.size}
        )
        return
    click.echo(
        f"{file} holds {source} at version {made.version}, {made.size / 1e6:.1f} MB, checked"
    )
