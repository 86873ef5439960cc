"""`botbus session`: the conversations of workstreams, and what was said in them."""

# ruff: noqa: A002 - id and open are words of the contract

from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BOT
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.messages import show_messages
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import (
    RECORD_ID,
    WORKSTREAM_ID,
    show_record,
    since_option,
    until_option,
)
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text
from botbus_protocol.records import SCRATCH, Session, SessionType

if TYPE_CHECKING:
    from botbus import Bus


@click.group(cls=ListsByDefault, epilog=example("botbus session start --peer coder"))
def session() -> None:
    """List, start, show and end sessions. Plain `botbus session` lists."""


@session.command("list", epilog=example("botbus session list --workstream scratch --open"))
@click.option("--workstream", type=WORKSTREAM_ID, metavar="ID", help="Only of this workstream.")
@click.option("--peer", type=BOT, help="Only with this bot.")
@click.option("--open", is_flag=True, help="Only those that go on.")
@since_option
@until_option
@limit_option(100)
@as_option
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    workstream: str | None,
    peer: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    open: bool,
    as_json: bool,
) -> None:
    """List sessions, the one that was started last first."""
    found = await bus.sessions.list(
        workstream,
        peer_bot=peer,
        open=open,
        started_after=since,
        started_before=until,
        limit=limit,
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such session")


@session.command(epilog=example("botbus session start WORKSTREAM --peer coder"))
@click.argument("workstream", type=WORKSTREAM_ID, default=SCRATCH)
@click.option("--peer", type=BOT, help="The other bot, for a session between bots.")
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it is made once.")
@operator_option
@json_option
@on_the_bus
async def start(
    bus: "Bus", workstream: str, peer: str | None, id: str | None, *, as_json: bool
) -> None:
    """Start a session in WORKSTREAM (scratch if none is named), and print it."""
    kind: SessionType = "user" if peer is None else "bot"
    made = await bus.sessions.create(workstream, id=id, session_type=kind, peer_bot=peer)
    show_record(made, as_json=as_json)


@session.command(epilog=example("botbus session show ID"))
@click.argument("id", type=RECORD_ID)
@as_option
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Show a session."""
    show_record(await bus.sessions.get(id), as_json=as_json)


@session.command(epilog=example("botbus session messages ID"))
@click.argument("id", type=RECORD_ID)
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def messages(bus: "Bus", id: str, limit: int, *, as_json: bool) -> None:
    """Show what was said in a session, in order."""
    show_messages(await bus.sessions.messages(id, limit=limit), as_json=as_json)


@session.command(epilog=example("botbus session end ID --turns 12 --summary 'all done'"))
@click.argument("id", type=RECORD_ID)
@click.option("--turns", type=click.IntRange(min=0), metavar="N", help="How many turns it had.")
@click.option("--summary", help="What is to be kept of it.")
@operator_option
@json_option
@on_the_bus
async def end(
    bus: "Bus", id: str, turns: int | None, summary: str | None, *, as_json: bool
) -> None:
    """End a session, and print it."""
    ended = await bus.sessions.end(id, turn_count=turns, summary=summary)
    show_record(ended, as_json=as_json)


@session.command(epilog=example("botbus session update ID --compressed"))
@click.argument("id", type=RECORD_ID)
@click.option("--turns", type=click.IntRange(min=0), metavar="N", help="How many turns it had.")
@click.option("--summary", help="An empty one takes it away.")
@click.option(
    "--compressed/--not-compressed", default=None, help="Whether the summary stands for all of it."
)
@operator_option
@json_option
@on_the_bus
async def update(
    bus: "Bus",
    id: str,
    turns: int | None,
    summary: str | None,
    *,
    compressed: bool | None,
    as_json: bool,
) -> None:
    """Change what is given of a session, also after its end, and print it."""
    changed = await bus.sessions.update(
        id, turn_count=turns, summary=summary, compressed=compressed
    )
    show_record(changed, as_json=as_json)


_COLUMNS: list[Column[Session]] = [
    Column("session", lambda one: one.id),
    Column("workstream", lambda one: one.workstream_id, wide=True),
    Column("with", lambda one: one.peer_bot or "user"),
    Column("started (UTC)", lambda one: time_text(one.started_at)),
    Column("ended (UTC)", lambda one: time_text(one.ended_at)),
    Column("turns", lambda one: one.turn_count, right=True),
    Column("summary", lambda one: one.summary, folds=True),
]
