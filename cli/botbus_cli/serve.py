"""`botbus serve`: runs the daemon in the foreground."""

import logging
from pathlib import Path

import click

from botbus_cli.ending import Failed
from botbus_cli.options import example, url_option


@click.command(
    epilog=example(
        "botbus serve", "botbus serve --url ipc:///tmp/try/bus.sock --database /tmp/try/bus.db"
    )
)
@url_option
@click.option(
    "--database", type=click.Path(path_type=Path, dir_okay=False), help="The SQLite file."
)
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file (TOML)."
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The key of an encrypted database.",
)
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
)
def serve(
    url: str | None,
    database: Path | None,
    config: Path | None,
    key_file: Path | None,
    log_level: str,
) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    Prints one line when it is ready to serve.
    """
    from botbus_daemon.claiming import CannotServe
    from botbus_daemon.serve import run
    from botbus_daemon.settings import SettingsError, load_settings

    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = load_settings(url=url, database=database, config=config, key_file=key_file)
        run(settings, click.echo)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except CannotServe as error:
        raise Failed("cannot_serve", str(error)) from None
