"""`botbus history`: what was said, by whom, to whom."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from botbus_cli.arguments import BOT, CHANNEL, MESSAGE_ID, MOMENT
from botbus_cli.connecting import on_the_bus
from botbus_cli.messages import show_messages
from botbus_cli.options import as_option, example, json_option, limit_option

if TYPE_CHECKING:
    from botbus import Bus

SCOPES = ("between", "channel", "thread", "session")


def one_scope(command: Callable[..., None]) -> Callable[..., None]:
    """Checks, before anybody is asked, that history is asked of one thing."""

    @wraps(command)
    def checked(**given: Any) -> None:
        if [given[scope] for scope in SCOPES].count(None) != len(SCOPES) - 1:
            raise click.UsageError(
                "say whose history: --between A B, --channel C, --thread ID or --session ID"
            )
        command(**given)

    return checked


@click.command(
    epilog=example(
        "botbus history --between planner coder --limit 20",
        "botbus history --channel builds --after 2026-01-31T09:00:00Z",
    )
)
@click.option("--between", type=BOT, nargs=2, metavar="A B", help="Messages of two bots.")
@click.option("--channel", type=CHANNEL, help="Messages of a channel.")
@click.option("--thread", type=MESSAGE_ID, metavar="ID", help="Messages of a thread.")
@click.option("--session", type=MESSAGE_ID, metavar="ID", help="Messages of a session.")
@click.option("--before", type=MOMENT, help="Only what is before this seq or time.")
@click.option("--after", type=MOMENT, help="Only what is after it, oldest first.")
@limit_option(50)
@as_option
@json_option
@one_scope
@on_the_bus
async def history(
    bus: "Bus",
    between: tuple[str, str] | None,
    channel: str | None,
    thread: str | None,
    session: str | None,
    before: int | str | None,
    after: int | str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Show messages of two bots, a channel, a thread or a session, newest first."""
    messages = await bus.history(
        between=between,
        channel=channel,
        thread=thread,
        session_id=session,
        before=before,
        after=after,
        limit=limit,
    )
    show_messages(messages, as_json=as_json)
