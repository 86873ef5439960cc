"""`botbus workstream`: lines of work that go on for longer than one conversation."""

# ruff: noqa: A002 - id is a word of the contract

from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import (
    RECORD_ID,
    WORKSTREAM_ID,
    show_done,
    show_record,
    since_option,
    until_option,
)
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text
from botbus_protocol.records import Workstream, WorkstreamState

if TYPE_CHECKING:
    from botbus import Bus

STATE = click.Choice(get_args(WorkstreamState))


@click.group(cls=ListsByDefault, epilog=example("botbus workstream create 'Release 1.2'"))
def workstream() -> None:
    """List, create, show, change and delete workstreams. Plain `botbus workstream` lists."""


@workstream.command("list", epilog=example("botbus workstream list --state active --json"))
@click.option("--state", type=STATE, help="Only those in this state.")
@since_option
@until_option
@limit_option(100)
@as_option
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    state: WorkstreamState | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List workstreams, newest first."""
    found = await bus.workstreams.list(
        state, created_after=since, created_before=until, limit=limit
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such workstream")


@workstream.command(epilog=example("botbus workstream create 'Release 1.2' --tag '#release'"))
@click.argument("title")
@click.option("--summary", help="What it is about.")
@click.option("--model", help="The model for sessions that do not say which.")
@click.option("--tag", "tags", multiple=True, help="May be repeated.")
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it is made once.")
@operator_option
@json_option
@on_the_bus
async def create(
    bus: "Bus",
    title: str,
    summary: str | None,
    model: str | None,
    tags: tuple[str, ...],
    id: str | None,
    *,
    as_json: bool,
) -> None:
    """Create a workstream, and print it."""
    made = await bus.workstreams.create(
        title, id=id, summary=summary, default_model=model, tags=tags
    )
    show_record(made, as_json=as_json)


@workstream.command(epilog=example("botbus workstream show scratch"))
@click.argument("id", type=WORKSTREAM_ID)
@as_option
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Show a workstream."""
    show_record(await bus.workstreams.get(id), as_json=as_json)


@workstream.command(epilog=example("botbus workstream update ID --state archived"))
@click.argument("id", type=WORKSTREAM_ID)
@click.option("--title", help="What it is called from now on.")
@click.option("--summary", help="An empty one takes it away.")
@click.option(
    "--state", type=STATE, help="Where it is to be; no session starts in an archived one."
)
@click.option("--model", help="An empty one takes it away.")
@operator_option
@json_option
@on_the_bus
async def update(
    bus: "Bus",
    id: str,
    title: str | None,
    summary: str | None,
    state: WorkstreamState | None,
    model: str | None,
    *,
    as_json: bool,
) -> None:
    """Change what is given of a workstream, and print it."""
    changed = await bus.workstreams.update(
        id, title=title, summary=summary, state=state, default_model=model
    )
    show_record(changed, as_json=as_json)


@workstream.command(epilog=example("botbus workstream tag ID '#release' '#phase/done'"))
@click.argument("id", type=WORKSTREAM_ID)
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@operator_option
@json_option
@on_the_bus
async def tag(bus: "Bus", id: str, tags: tuple[str, ...], *, as_json: bool) -> None:
    """Give a workstream these tags instead of those it has; without any, take them all away."""
    show_record(await bus.workstreams.set_tags(id, tags), as_json=as_json)


@workstream.command(epilog=example("botbus workstream delete ID"))
@click.argument("id", type=WORKSTREAM_ID)
@operator_option
@json_option
@on_the_bus
async def delete(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Delete a workstream with its sessions; what was said stays in the history."""
    changed = await bus.workstreams.delete(id)
    words = "is deleted" if changed else "was not there"
    show_done(f"workstream {id} {words}", {"id": id, "changed": changed}, as_json=as_json)


_COLUMNS: list[Column[Workstream]] = [
    Column("workstream", lambda one: one.id),
    Column("title", lambda one: one.title, folds=True),
    Column("state", lambda one: one.state),
    Column("tags", lambda one: " ".join(one.tags), folds=True),
    Column("model", lambda one: one.default_model),
    Column("updated (UTC)", lambda one: time_text(one.updated_at)),
]
