"""`botbus migrate`: the migrator's verbs on the command line, for the daemon's database or a bot's."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from botbus_cli.ending import Failed
from botbus_cli.json_lines import echo_json
from botbus_cli.migration_output import (
    progress_bar,
    refusals,
    show_report,
    show_status,
    status_line,
)
from botbus_cli.migration_target import Choice, target_options
from botbus_cli.options import example, json_option, limit_option

if TYPE_CHECKING:
    from botbus_storage.migrator import Migrator, Report


def backup_options(command: Callable[..., None]) -> Callable[..., None]:
    """Whether to copy the database first, and how many of the copies to keep."""
    switch = click.option("--backup/--no-backup", default=True, help="Copy the database first.")
    keep = click.option(
        "--keep-backups",
        type=click.IntRange(min=1),
        metavar="N",
        default=5,
        show_default=True,
        help="Older backups beside the database are deleted.",
    )
    return switch(keep(command))


@click.group(
    epilog=example(
        "botbus migrate status",
        "botbus migrate run --database bot.db --dir migrations",
    )
)
def migrate() -> None:
    """Change the schema of a SQLite database by numbered SQL files.

    Without --database and --dir the commands work on the daemon's own database.
    """


@migrate.command()
@target_options
@click.option("--to", metavar="VERSION", help="Stop after this version.")
@click.option("--dry-run", is_flag=True, help="Try it in a transaction that is rolled back.")
@backup_options
def run(target: Choice, to: str | None, *, dry_run: bool, **backups: Any) -> None:
    """Apply what is pending: all of it, or nothing."""
    with refusals(), progress_bar() as progress:
        migrator = target.migrator(**backups)
        if dry_run:
            report = migrator.run(to, dry_run=True)
        else:
            if target.folder is None:
                os.umask(0o077)  # a database of the daemon's is for its owner alone
            _make_folder(target, migrator.target.database)
            report = migrator.run(to, progress=progress)
    if dry_run:
        _show_dry_run(migrator, report)
    else:
        show_report(report, "applied", migrator.target.database)


@migrate.command()
@target_options
@click.option("-n", "steps", type=click.IntRange(min=1), metavar="N", help="How many (default: 1).")
@click.option("--to", metavar="VERSION", help="Revert everything after this version; 0 is all.")
@backup_options
def revert(target: Choice, steps: int | None, to: str | None, **backups: Any) -> None:
    """Undo the newest migrations by their down files: all of them, or nothing."""
    if steps is not None and to is not None:
        raise click.UsageError("give -n or --to, not both")
    with refusals(), progress_bar() as progress:
        migrator = target.migrator(**backups)
        report = migrator.revert(steps or 1, to=to, progress=progress)
    show_report(report, "reverted", migrator.target.database)


@migrate.command()
@target_options
@limit_option(1000)
@json_option
def status(target: Choice, limit: int, *, as_json: bool) -> None:
    """List what is applied, pending, changed or missing."""
    with refusals():
        migrator = target.migrator()
        found = migrator.status()
    if as_json:
        for entry in found.entries[-limit:]:
            echo_json(status_line(entry))
    else:
        click.echo(f"{migrator.target.database} is at version {found.version}")
        show_status(found, limit)
    for problem in found.problems:
        click.echo(f"botbus: {problem}", err=True)


@migrate.command()
@target_options
@click.option(
    "--golden", type=click.Path(path_type=Path), help="Default: schema.sql in the folder."
)
@json_option
def verify(target: Choice, golden: Path | None, *, as_json: bool) -> None:
    """Compare the schema of the database with the golden one, object by object."""
    with refusals():
        migrator = target.migrator()
        sentences = migrator.verify(golden)
    for sentence in sentences:
        if as_json:
            echo_json({"drift": sentence})
        else:
            click.echo(sentence)
    if not sentences and not as_json:
        click.echo(f"{migrator.target.database} is as it should be")
    sys.exit(1 if sentences else 0)


@migrate.command()
@target_options
@click.option("-r", "--reversible", is_flag=True, help="With a way down.")
@click.argument("name")
def add(target: Choice, name: str, *, reversible: bool) -> None:
    """Create the next migration from a template."""
    from botbus_storage.migrator import Migrator

    with refusals():
        folder = target.chosen_folder()
        for path in Migrator(":memory:", folder).add(name, reversible=reversible):
            click.echo(f"created {path}")


@migrate.command()
@target_options
def lint(target: Choice) -> None:
    """Check the folder: names, numbers, scripts, and whether its schema.sql is up to date."""
    from botbus_storage.migrator import Migrator

    with refusals():
        sentences = Migrator(":memory:", target.chosen_folder()).lint()
    for sentence in sentences:
        click.echo(f"botbus: {sentence}", err=True)
    sys.exit(1 if sentences else 0)


@migrate.command()
@target_options
@click.option("--write", is_flag=True, help="Write it to schema.sql in the folder.")
def schema(target: Choice, *, write: bool) -> None:
    """Print the schema that the migrations make."""
    from botbus_storage.migrator import GOLDEN, Migrator

    folder = target.chosen_folder()
    with refusals():
        script = Migrator(":memory:", folder).schema()
    if write:
        (folder / GOLDEN).write_text(script)
        click.echo(f"wrote {folder / GOLDEN}")
    else:
        click.echo(script, nl=False)


@migrate.command()
@target_options
def encrypt(target: Choice) -> None:
    """Encrypt the database with the key in --key-file."""
    from botbus_storage.cipher import is_encrypted

    key_file = _required_key(target)
    with refusals(), progress_bar() as progress:
        migrator = target.converter()
        migrator.encrypt(key_file, progress=progress)
        plain = [backup for backup in migrator.backups() if not is_encrypted(backup)]
    click.echo(f"{migrator.target.database} is encrypted")
    for backup in plain:
        click.echo(f"not encrypted: {backup}")


@migrate.command()
@target_options
def decrypt(target: Choice) -> None:
    """Decrypt the database with the key in --key-file."""
    key_file = _required_key(target)
    with refusals(), progress_bar() as progress:
        migrator = target.converter()
        migrator.decrypt(key_file, progress=progress)
    click.echo(f"{migrator.target.database} is no longer encrypted")


def _required_key(target: Choice) -> Path:
    if target.key_file is None:
        raise click.UsageError("name the file with the key: --key-file FILE")
    return target.key_file


def _make_folder(target: Choice, database: Path) -> None:
    """The daemon's own folder may not exist yet; a folder somebody named must."""
    if not (target.database or target.folder or os.environ.get("DATABASE_URL")):
        from botbus_daemon.claiming import CannotServe, make_folder

        try:
            make_folder(database.parent, private=False)
        except CannotServe as error:
            raise Failed("refused", str(error)) from error


def _show_dry_run(migrator: "Migrator", report: "Report") -> None:
    """The SQL that would run, migration by migration."""
    migrations = [entry.migration for entry in migrator.status().entries if entry.migration]
    texts = {migration.title: migration.up.text.strip() for migration in migrations}
    for done in report.done:
        click.echo(f"-- {done.title} would run, and was tried\n{texts[done.title]}\n")
    for title in report.unproven:
        click.echo(f"-- {title} would run alone outside a transaction: not tried\n{texts[title]}\n")
    if not report.done and not report.unproven:
        click.echo("nothing is pending")
    else:
        click.echo(f"{migrator.target.database} was not changed")
