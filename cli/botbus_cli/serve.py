"""`botbus serve`: runs the daemon in the foreground."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botbus_cli.ending import Failed
from botbus_cli.options import example, settings_options, url_option

if TYPE_CHECKING:
    from botbus_daemon.logs import Form
    from botbus_daemon.settings import Level


@click.command(
    epilog=example(
        "botbus serve", "botbus serve --url ipc:///tmp/try/bus.sock --database /tmp/try/bus.db"
    )
)
@url_option
@settings_options
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is written to the log: this and whatever is more serious. Default: as the settings "
    "say, else warning.",
)
@click.option(
    "--log-format",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "text", "journal", "json"]),
    help="Lines on stderr; auto is journal where systemd reads them, else text.",
)
@click.option("--check-config", is_flag=True, help="Only say whether the settings can be used.")
def serve(
    url: str | None,
    database: Path | None,
    config: Path | None,
    key_file: Path | None,
    log_level: "Level | None",
    log_format: "Form",
    *,
    check_config: bool,
) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    Prints one line when it is ready to serve.
    """
    from botbus_daemon.checking import check
    from botbus_daemon.claiming import CannotServe
    from botbus_daemon.logs import configure, limit
    from botbus_daemon.serve import run
    from botbus_daemon.settings import SettingsError, load_settings

    configure(log_level or "warning", log_format)
    read = partial(
        load_settings,
        url=url,
        database=database,
        config=config,
        key_file=key_file,
        log_level=log_level,
    )
    try:
        settings = read()
        if check_config:
            check(settings)
            click.echo(f"the settings are fine: {settings.url} from {settings.database}")
            return
        limit(settings.log_level)
        run(settings, click.echo, read)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except CannotServe as error:
        raise Failed("cannot_serve", str(error)) from None
