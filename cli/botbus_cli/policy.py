"""`botbus policy check`: what the settings let somebody do, and by which word of them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BOT_NAME
from botbus_cli.ending import Failed
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, json_option

if TYPE_CHECKING:
    from botbus_daemon.policy import Act, User


@click.group(epilog=example("botbus policy check --uid alice --bot ci-1"))
def policy() -> None:
    """Who may do what, by the settings' [[policy]] tables."""


@policy.command(
    epilog=example("botbus policy check --uid alice --bot ci-1 --do publish:builds.main")
)
@click.option("--uid", required=True, metavar="U", help="A user, by name or number.")
@click.option("--gid", type=int, metavar="G", help="Their primary group, if not the user's own.")
@click.option("--bot", type=BOT_NAME, metavar="B", help="The bot they speak as.")
@click.option(
    "--do",
    "doing",
    default="act",
    show_default=True,
    metavar="ACT[:NAME]",
    help="act, send:BOT, publish|subscribe|read:CHANNEL, configure|reveal:KEY, work or administer.",
)
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file."
)
@json_option
def check(
    uid: str, gid: int | None, bot: str | None, doing: str, config: Path | None, *, as_json: bool
) -> None:
    """Say whether user U, speaking as bot B, may do ACT, and why. Exit code 1 if not."""
    from botbus_daemon.policy import Policy
    from botbus_daemon.settings import SettingsError, load_settings

    act, target = _act(doing)
    try:
        settings = load_settings(config=config)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    rules = Policy(settings.policy, _daemons_uid(settings.url))
    decision = rules.decide(_user(uid, gid), bot, act, target)
    if as_json:
        echo_json({"allowed": decision.allowed, "why": decision.why})
    elif decision.allowed:
        click.echo(f"allowed: {decision.why}")
    if not decision.allowed:
        raise Failed("denied", decision.why)


def _act(doing: str) -> "tuple[Act, str]":
    from botbus_daemon.policy import ACTS

    word, _, target = doing.partition(":")
    for act in ACTS:
        if act == word:
            return act, target
    raise click.UsageError(
        f"--do {doing}: use one of {', '.join(ACTS)}, with :NAME where it has one"
    )


def _daemons_uid(url: str) -> int:
    """Who serves there; whoever asks, if nobody does."""
    try:
        return Path(url.removeprefix("ipc://")).stat().st_uid
    except OSError:
        return os.getuid()


def _user(text: str, gid: int | None) -> "User":
    import pwd

    from botbus_daemon.policy import user_of

    if text.isdigit():
        return user_of(int(text), gid)
    try:
        entry = pwd.getpwnam(text)
    except KeyError:
        raise click.UsageError(f"there is no user {text!r} on this host") from None
    return user_of(entry.pw_uid, entry.pw_gid if gid is None else gid)
