"""What the migration commands work on: which database, which folder, which key.

Without a word said it is the daemon's own database and the migrations that come with it. Whoever
names another folder must name its database too, or a bot's tables would end up in the daemon's.
"""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import click

if TYPE_CHECKING:
    from botbus_storage.migrator import Migrator

key_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="BOTBUS_KEY_FILE",
    help="The file with the key of an encrypted database.",
)


class Choice(NamedTuple):
    """What the command line said; None where it said nothing."""

    database: str | None
    folder: Path | None
    key_file: Path | None

    def migrator(self, **options: Any) -> "Migrator":
        """The migrator for this choice, with further options of its own."""
        from botbus_storage.connection import connect_plainly, shrinkable
        from botbus_storage.migrator import Migrator

        database, key_file = self.chosen(os.environ)
        if key_file:
            options.setdefault("connect", _connector(key_file))
        if self.folder:
            options["program"] = "program"
        else:
            options["connect"] = shrinkable(options.get("connect", connect_plainly))
        return Migrator(database, self.chosen_folder(), **options)

    def converter(self) -> "Migrator":
        """The migrator that changes the encryption itself, and so opens nothing with a key."""
        from botbus_storage.migrator import Migrator

        return Migrator(self.chosen(os.environ)[0], self.chosen_folder())

    def chosen_folder(self) -> Path:
        """The folder named, or the one that comes with the daemon."""
        import botbus_migrations

        return self.folder or botbus_migrations.FOLDER

    def chosen(self, env: Mapping[str, str]) -> tuple[Path, Path | None]:
        """The database and its key. Flag beats environment beats settings file beats default.

        Raises UsageError.
        """
        url = env.get("DATABASE_URL", "")
        if self.database:
            named = self.database
            return Path(from_url(named) if _is_url(named) else named), self.key_file
        if url and (self.folder or not env.get("BOTBUS_DATABASE")):
            return Path(from_url(url)), self.key_file
        if self.folder:
            raise click.UsageError(
                "--dir names other migrations than the daemon's: name their database too, with "
                "--database FILE or DATABASE_URL=sqlite:FILE"
            )
        return _daemons(env, self.key_file)


def from_url(url: str) -> str:
    """The path in `sqlite:PATH`, `sqlite://PATH` or `sqlite:///PATH`. Raises UsageError."""
    if not _is_url(url):
        raise click.UsageError(
            f"DATABASE_URL is {url.partition(':')[0]}:…, not sqlite:PATH: unset it, or use --database"
        )
    path = url.removeprefix("sqlite:").removeprefix("//").partition("?")[0]
    return unquote(path)


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options every migration command has, handed to it as one Choice named `target`."""

    @click.option(
        "--database",
        metavar="FILE",
        help="The SQLite file (default: DATABASE_URL=sqlite:PATH, else the daemon's).",
    )
    @click.option(
        "--dir",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The folder of migrations (default: the daemon's).",
    )
    @key_option
    @wraps(command)
    def with_target(
        database: str | None, folder: Path | None, key_file: Path | None, **others: object
    ) -> None:
        command(Choice(database, folder, key_file), **others)

    return with_target


def _is_url(text: str) -> bool:
    return text.startswith("sqlite:")


def _connector(key_file: Path) -> Callable[[Path], Any]:
    from botbus_storage.cipher import connector

    return connector(key_file)


def _daemons(env: Mapping[str, str], key_file: Path | None) -> tuple[Path, Path | None]:
    """The database that the daemon would serve, and the key it would use."""
    from botbus_daemon.settings import SettingsError, load_settings

    try:
        settings = load_settings(env=env, key_file=key_file)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    return settings.database, settings.key_file
