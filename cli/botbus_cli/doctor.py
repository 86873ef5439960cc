"""`botbus doctor`: looks at everything a daemon depends on, and says what to do about what is wrong.

A table of checks, each a function of the settings that gives findings. Nothing is changed. Exit code 0
if nothing is wrong, 1 otherwise; a warning alone is not wrong.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from msgspec import Struct

from botbus_cli.connecting import run
from botbus_cli.ending import Failed
from botbus_cli.options import example, json_option, settings_options, url_option
from botbus_cli.tables import Column, show_list

if TYPE_CHECKING:
    from botbus_daemon.settings import Settings

LEAST_FREE = 256 * 1024 * 1024
"""Bytes; with less the disk is about to be full."""
WAL_RESET_FIXED = (3, 51, 3)

Level = Literal["ok", "warning", "wrong"]


class Finding(Struct, frozen=True):
    level: Level
    check: str
    text: str


Check = Callable[["Settings"], Iterator[tuple[Level, str]]]


@click.command(epilog=example("botbus doctor", "botbus doctor --prove --dir /var/lib/botbus"))
@url_option
@settings_options
@click.option("--prove", is_flag=True, help="Measure the disk, and kill daemons of its own.")
@click.option(
    "--dir",
    "place",
    type=click.Path(path_type=Path, file_okay=False, exists=True, writable=True),
    help="On which disk to prove it; by default that of the database.",
)
@json_option
def doctor(
    url: str | None,
    database: Path | None,
    config: Path | None,
    key_file: Path | None,
    place: Path | None,
    *,
    prove: bool,
    as_json: bool,
) -> None:
    """Check settings, permissions, disk, database and daemon; change nothing.

    With --prove, also measure what a synced write costs on this disk, and kill a daemon in the middle
    of its work several times, in a scratch folder, to see that nothing it acknowledged is lost.
    """
    from botbus_daemon.settings import SettingsError, load_settings

    try:
        settings = load_settings(url=url, database=database, config=config, key_file=key_file)
    except SettingsError as error:
        findings = [Finding("wrong", "settings", str(error))]
    else:
        findings = [
            Finding(level, name, text)
            for name, check in CHECKS.items()
            for level, text in check(settings)
        ]
        findings += [Finding(level, "permissions", text) for level, text in _settings_file(config)]
        if prove:
            from botbus_cli.proving import prove_here

            folder = place or _nearest(settings.database.parent)
            findings += [Finding(level, "proof", text) for level, text in prove_here(folder)]
    show_list(findings, _COLUMNS, as_json=as_json, nothing="nothing was checked")
    wrong = sum(finding.level == "wrong" for finding in findings)
    if wrong:
        raise Failed("unwell", f"{wrong} of {len(findings)} findings are wrong: see above")


def _settings(settings: "Settings") -> Iterator[tuple[Level, str]]:
    yield "ok", f"url {settings.url}, database {settings.database}"


def _sqlite(_: "Settings") -> Iterator[tuple[Level, str]]:
    from botbus_storage.diagnosis import sqlite_version

    version = sqlite_version()
    text = f"SQLite {'.'.join(map(str, version))}"
    if version < WAL_RESET_FIXED:
        text += "; its WAL-reset bug cannot strike: one process writes, with one connection"
    yield "ok", text


def _permissions(settings: "Settings") -> Iterator[tuple[Level, str]]:
    socket, database = Path(settings.url.removeprefix("ipc://")), settings.database
    paths = dict.fromkeys([socket.parent, database.parent, database])
    for path in [path for path in paths if path.exists()]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path == database.parent != socket.parent and mode & stat.S_ISVTX:
            continue  # such as /tmp: in it nobody removes or renames what belongs to another
        if mode & 0o022:
            yield "wrong", f"{path} can be written by others: chmod go-w {path}"
        elif path == settings.database and mode & 0o044:
            yield "warning", f"{path} can be read by others: chmod 600 {path}"
        elif not os.access(path, os.W_OK):
            yield "wrong", f"{path} cannot be written by you: run this as the daemon's user"
        else:
            yield "ok", f"{path} is {mode:04o}"


def _settings_file(config: Path | None) -> Iterator[tuple[Level, str]]:
    """Who writes the settings decides who may do what."""
    from botbus_protocol.locations import config_file

    path = config or config_file(os.environ, Path.home())
    mode = path.stat().st_mode if path.exists() else 0
    if mode & 0o022:
        level: Level = "wrong" if mode & 0o002 else "warning"
        yield level, f"{path} can be written by others: chmod go-w {path}"


def _disk(settings: "Settings") -> Iterator[tuple[Level, str]]:
    folder = _nearest(settings.database.parent)
    state = os.statvfs(folder)
    free, whole = state.f_bavail * state.f_frsize, max(1, state.f_blocks * state.f_frsize)
    text = f"{free / 1e9:.1f} GB are free for {folder}, {100 * free / whole:.0f} %"
    if free < LEAST_FREE:
        yield "wrong", f"{text}: make room"
    else:
        yield ("warning" if free < whole // 20 else "ok"), text


def _schema(settings: "Settings") -> Iterator[tuple[Level, str]]:
    import botbus_migrations
    from botbus_storage.migrator import MigrationError, Migrator

    if not settings.database.exists():
        yield "warning", f"there is no {settings.database} yet: the daemon makes it"
        return
    try:
        connect = _connect(settings)
        migrator = Migrator(settings.database, botbus_migrations.FOLDER, connect=connect)
        version = migrator.status().version
        pending = migrator.pending()
        differences = () if pending else migrator.verify()
    except (MigrationError, sqlite3.Error, ImportError) as error:
        yield "wrong", str(error)
        return
    for sentence in differences:
        yield "wrong", sentence
    if pending:
        yield (
            "warning",
            f"at version {version}: the daemon's next start applies {', '.join(pending)}",
        )
    elif not differences:
        yield "ok", f"the schema is that of version {version}"


def _contents(settings: "Settings") -> Iterator[tuple[Level, str]]:
    from botbus_storage.diagnosis import diagnose

    if not settings.database.exists():
        return
    try:
        found = diagnose(settings.database, _connect(settings))
    except (sqlite3.Error, ImportError) as error:
        yield "wrong", f"{settings.database} cannot be read: {error}"
        return
    for text in found.damage:
        yield "wrong", f"damaged: {text}; restore a backup with botbus restore"
    if not found.damage:
        yield "ok", "quick_check finds no damage"
    if found.dead_letters:
        yield "warning", f"{found.dead_letters} dead letters: look with botbus dead list"
    for box in found.stuck:
        yield (
            "warning",
            f"{box.messages} messages wait for {box.bot} since {box.since}: does it run?",
        )
    for box in found.old_leases:
        yield "warning", f"{box.bot} holds {box.messages} deliveries since {box.since} unsettled"
    for loss in found.losses:
        what = f"channel {loss.channel}" if loss.channel else "its direct messages"
        yield (
            "warning",
            f"retention took {loss.undelivered} deliveries and {loss.dead} dead letters of {what} from "
            f"{loss.bot}, last at {loss.last_at}",
        )
    if not found.shrinks and not found.damage:
        yield (
            "warning",
            f"{settings.database} never shrinks: stop the daemon and run botbus compact",
        )


def _daemon(settings: "Settings") -> Iterator[tuple[Level, str]]:
    """Whether a daemon answers, and how it says it is: where the policy lets us ask."""
    import botbus

    server, unwell = "", None

    async def ask() -> None:
        nonlocal server, unwell
        async with botbus.connect(url=settings.url, timeout=3.0) as bus:
            server = (await bus.hello()).server
            with suppress(botbus.Denied):
                unwell = (await bus.stats(1)).unwell

    try:
        run(ask)
    except Failed as error:
        if not server:
            yield "warning", f"no daemon answers: {error.message}"
            return
        unwell = error.message
    if unwell:
        yield "wrong", f"{server} answers at {settings.url} and is not well: {unwell}"
    else:
        yield "ok", f"{server} answers at {settings.url}"


CHECKS: dict[str, Check] = {
    "settings": _settings,
    "sqlite": _sqlite,
    "permissions": _permissions,
    "disk": _disk,
    "schema": _schema,
    "contents": _contents,
    "daemon": _daemon,
}


def _connect(settings: "Settings") -> Callable[[Path], sqlite3.Connection]:
    from botbus_storage.connection import connect_plainly

    if settings.key_file is None:
        return connect_plainly
    from botbus_storage.cipher import connector

    return connector(settings.key_file)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return folder if folder.exists() else _nearest(folder.parent)


_COLUMNS: list[Column[Finding]] = [
    Column("", lambda finding: finding.level),
    Column("check", lambda finding: finding.check),
    Column("finding", lambda finding: finding.text, folds=True),
]
