"""`botbus connections`: who is and was connected."""

# ruff: noqa: A002 - id is a word of the contract

from typing import TYPE_CHECKING, Literal, get_args

import click

from botbus_cli.arguments import SECONDS, Body
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.options import example, json_option, limit_option, operator_option
from botbus_cli.record_options import JSON_VALUE, RECORD_ID, show_record, since_option, until_option
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text
from botbus_protocol.records import Connection, ConnectionType

if TYPE_CHECKING:
    from botbus import Bus

Registered = Literal["websocket", "http", "grpc"]


@click.group(cls=ListsByDefault, epilog=example("botbus connections --active"))
def connections() -> None:
    """Who is and was connected. Plain `botbus connections` lists."""


@connections.command("list", epilog=example("botbus connections list --client coder --json"))
@click.option("--active/--inactive", default=None, help="Only those that are there, or are gone.")
@click.option("--client", help="Only of this client: a bot, for the daemon's own.")
@click.option("--user", help="Only of this user: a uid, for the daemon's own.")
@click.option(
    "--type", "kind", type=click.Choice(get_args(ConnectionType)), help="Only of this type."
)
@since_option
@until_option
@limit_option(100)
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    client: str | None,
    user: str | None,
    kind: ConnectionType | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    active: bool | None,
    as_json: bool,
) -> None:
    """List connections, newest first."""
    found = await bus.connections.list(
        client_id=client,
        user_id=user,
        connection_type=kind,
        is_active=active,
        created_after=since,
        created_before=until,
        limit=limit,
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such connection")


@connections.command(epilog=example("botbus connections show ID"))
@click.argument("id", type=RECORD_ID)
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Show a connection."""
    show_record(await bus.connections.get(id), as_json=as_json)


@connections.command(epilog=example("botbus connections register browser-7 websocket --user ann"))
@click.argument("client")
@click.argument("kind", metavar="TYPE", type=click.Choice(get_args(Registered)))
@click.option("--user", help="Who is at the other end.")
@click.option("--metadata", type=JSON_VALUE, help="Whatever else is known of it, as JSON.")
@click.option(
    "--heartbeat",
    type=SECONDS,
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds without a heartbeat after which it is inactive.",
)
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it is made once.")
@operator_option
@json_option
@on_the_bus
async def register(
    bus: "Bus",
    client: str,
    kind: Registered,
    user: str | None,
    metadata: Body | None,
    heartbeat: float,
    id: str | None,
    *,
    as_json: bool,
) -> None:
    """Enter the connection of somebody who is served elsewhere, and print it."""
    made = await bus.connections.register(
        client,
        kind,
        id=id,
        user_id=user,
        metadata=metadata.value if metadata else None,
        heartbeat_secs=heartbeat,
    )
    show_record(made, as_json=as_json)


@connections.command(epilog=example("botbus connections heartbeat ID"))
@click.argument("id", type=RECORD_ID)
@operator_option
@json_option
@on_the_bus
async def heartbeat(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Say that a registered connection is still there."""
    show_record(await bus.connections.heartbeat(id), as_json=as_json)


@connections.command(epilog=example("botbus connections close ID"))
@click.argument("id", type=RECORD_ID)
@operator_option
@json_option
@on_the_bus
async def close(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Say that a registered connection is gone."""
    show_record(await bus.connections.close(id), as_json=as_json)


_COLUMNS: list[Column[Connection]] = [
    Column("client", lambda one: one.client_id),
    Column("type", lambda one: one.connection_type),
    Column("active", lambda one: "yes" if one.is_active else "no"),
    Column("user", lambda one: one.user_id),
    Column("since (UTC)", lambda one: time_text(one.created_at)),
    Column("last seen (UTC)", lambda one: time_text(one.last_heartbeat)),
    Column("id", lambda one: one.id, wide=True),
]
