"""`botbus dead`: messages that were given up on, and what is to become of them."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from botbus_cli.arguments import BOT
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json
from botbus_cli.options import as_option, example, json_option, limit_option
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import body_line, time_text

if TYPE_CHECKING:
    from botbus import Bus
    from botbus_protocol.records import DeadLetter


@click.group(cls=ListsByDefault, epilog=example("botbus dead --bot coder"))
def dead() -> None:
    """List, replay or drop dead letters. Plain `botbus dead` lists."""


def which(command: Callable[..., Any]) -> Callable[..., Any]:
    """Names dead letters of one bot, by their seqs or all of them; handed on as `seqs`."""

    @click.argument("bot", type=BOT)
    @click.argument("seqs", metavar="[SEQ]...", type=int, nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="All of this bot.")
    @wraps(command)
    def chosen(seqs: tuple[int, ...], *, everything: bool, **given: Any) -> Any:
        if bool(seqs) == everything:
            raise click.UsageError("say which dead letters: their seqs, or --all")
        return command(seqs=list(seqs) or None, **given)

    return chosen


@dead.command("list", epilog=example("botbus dead list --bot coder --json"))
@click.option("--bot", type=BOT, help="Only of this bot.")
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def list_(bus: "Bus", bot: str | None, limit: int, *, as_json: bool) -> None:
    """List dead letters, oldest message first."""
    found = await bus.dead(bot, limit=limit)
    show_list(found, _COLUMNS, as_json=as_json, nothing="there are no dead letters")


@dead.command(epilog=example("botbus dead replay coder 12 15", "botbus dead replay coder --all"))
@which
@as_option
@json_option
@on_the_bus
async def replay(bus: "Bus", bot: str, seqs: list[int] | None, *, as_json: bool) -> None:
    """Put dead letters back into the mailbox of BOT, with no attempt counted."""
    count = await bus.replay_dead(bot, seqs)
    _show(bot, count, "put back into the mailbox", as_json=as_json)


@dead.command(epilog=example("botbus dead drop coder 12", "botbus dead drop coder --all"))
@which
@as_option
@json_option
@on_the_bus
async def drop(bus: "Bus", bot: str, seqs: list[int] | None, *, as_json: bool) -> None:
    """Give dead letters of BOT up; the messages stay in the history."""
    count = await bus.drop_dead(bot, seqs)
    _show(bot, count, "given up", as_json=as_json)


def _show(bot: str, count: int, done: str, *, as_json: bool) -> None:
    if as_json:
        echo_json({"bot": bot, "count": count})
    else:
        letters = "dead letter" if count == 1 else "dead letters"
        click.echo(f"{count} {letters} of {bot} {done}")


_COLUMNS: list[Column["DeadLetter"]] = [
    Column("bot", lambda letter: letter.bot),
    Column("seq", lambda letter: letter.message.seq, right=True),
    Column("died (UTC)", lambda letter: time_text(letter.died_at)),
    Column("attempts", lambda letter: letter.attempts, right=True),
    Column("reason", lambda letter: letter.reason, folds=True),
    Column("from", lambda letter: letter.message.sender),
    Column("type", lambda letter: letter.message.type),
    Column("body", lambda letter: body_line(letter.message.body), folds=True),
    Column("id", lambda letter: letter.message.id, wide=True),
]
