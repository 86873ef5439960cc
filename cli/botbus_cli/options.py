"""The options that commands share, so that each is spelled and explained once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from botbus_cli.arguments import BOT_NAME

F = TypeVar("F", bound=Callable[..., Any])

OPERATOR = "operator"
"""Who acts if nobody says."""


def _url(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """What was said nearest to the command: after its own words, or after `botbus`."""
    nearest: str | None = value or ctx.meta.get("botbus.url")  # contexts share one meta
    ctx.meta["botbus.url"] = nearest
    return nearest


def _me(ctx: click.Context, _: click.Parameter, value: str | None) -> str:
    if value is None:
        raise click.UsageError("say who you are: add --from NAME, or set BOTBUS_BOT=NAME", ctx)
    return value


url_option = click.option(
    "--url",
    metavar="URL",
    callback=_url,
    help="Where the daemon listens, as ipc:///path/to/socket. [env: BOTBUS_URL]",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, every field always there."
)

from_option = click.option(
    "--from",
    "me",
    metavar="ME",
    type=BOT_NAME,
    envvar="BOTBUS_BOT",
    show_envvar=True,
    callback=_me,
    help="The name of the bot that does this.",
)


def operator_named(flag: str) -> Callable[[F], F]:
    """Who acts, by an option of this name."""
    return click.option(
        flag,
        "me",
        metavar="ME",
        type=BOT_NAME,
        envvar="BOTBUS_BOT",
        default=OPERATOR,
        show_default=True,
        help="The name of the bot that does this.",
    )


operator_option = operator_named("--from")

as_option = click.option(
    "--from",
    "me",
    metavar="ME",
    type=BOT_NAME,
    help="Ask as this bot, where the policy lets you look as a bot only.",
)


def limit_option(default: int) -> Callable[[F], F]:
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        default=default,
        show_default=True,
        help="List at most so many.",
    )


def example(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n".join(["\b", *(f"Example: {line}" for line in lines)])


def settings_options(command: F) -> F:
    """Where a daemon's settings, database and key are, for it and for who looks after it."""
    path = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--key-file", type=path, help="The key of an encrypted database."),
        click.option("--config", type=path, help="The settings file (TOML)."),
        click.option("--database", type=path, help="The SQLite file."),
    ):
        command = option(command)
    return command
