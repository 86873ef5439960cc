"""`botbus install-service`: writes the systemd unit, for the host or for a user.

The units are files of this package (deploy/ shows them); only the path of the command is put in. What
is there already and differs is kept unless `--force` says otherwise: an operator may have changed it.
"""

import os
import shutil
import sys
from importlib import resources
from pathlib import Path

import click

from botbus_cli.ending import Failed
from botbus_cli.options import example

SYSTEM_FOLDER = Path("/etc/systemd/system")


@click.command(
    "install-service", epilog=example("botbus install-service --user", "botbus install-service")
)
@click.option("--user", "for_user", is_flag=True, help="For you, not for the whole host.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where units are kept."
)
@click.option("--force", is_flag=True, help="Replace a unit that was changed.")
@click.option("--print", "only_print", is_flag=True, help="Print the unit and write nothing.")
def install_service(folder: Path | None, *, for_user: bool, force: bool, only_print: bool) -> None:
    """Write the systemd unit that runs the daemon, and say how to start it."""
    text = unit(for_user=for_user)
    if only_print:
        click.echo(text, nl=False)
        return
    path = (folder or _folder(for_user=for_user)) / "botbus.service"
    _write(path, text, force=force)
    systemctl = "systemctl --user" if for_user else "systemctl"
    click.echo(f"wrote {path}")
    click.echo(f"start it with: {systemctl} daemon-reload && {systemctl} enable --now botbus")


def unit(*, for_user: bool) -> str:
    """The unit's text, with the path of this command in it. Raises Failed."""
    name = "user.service" if for_user else "system.service"
    text = resources.files("botbus_cli").joinpath("units", name).read_text()
    _, _, body = text.partition("\n")  # the first line is for readers of the template
    return body.replace("@BOTBUS@", _command())


def _command() -> str:
    beside = Path(sys.executable).with_name("botbus")
    found = str(beside) if beside.exists() else shutil.which("botbus")
    if found is None:
        raise Failed("failed", "the command botbus is not on the PATH: install it first")
    return found


def _folder(*, for_user: bool) -> Path:
    if not for_user:
        return SYSTEM_FOLDER
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "systemd" / "user"


def _write(path: Path, text: str, *, force: bool) -> None:
    """Raises Failed if a unit is there that differs, or the folder cannot be written."""
    try:
        if path.exists() and path.read_text() != text and not force:
            raise Failed("conflict", f"{path} differs from ours: add --force to replace it")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        hint = "" if path.parent != SYSTEM_FOLDER else "; run it as root, or add --user"
        raise Failed("failed", f"{path} cannot be written: {error.strerror}{hint}") from None
