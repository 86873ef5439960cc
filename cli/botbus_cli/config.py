"""`botbus config`: typed settings that bots share, and their secrets.

The value of a secret is printed by `botbus config get KEY` and by nothing else, `--json` included: what
is written for programs is what ends up in logs.
"""

from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec

from botbus_cli.arguments import Body, Checked, read_body, standard_input
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json
from botbus_cli.messages import echo_message
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import JSON_VALUE, show_done
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import body_line, body_text, time_text
from botbus_protocol.records import Configuration, ValueType
from botbus_protocol.requests.configurations import check_key

if TYPE_CHECKING:
    from botbus import Bus

TYPE = click.Choice(get_args(ValueType))
KEY = Checked("key", lambda text, _: check_key(text))


@click.group(cls=ListsByDefault, epilog=example("botbus config set app.port 8080"))
def config() -> None:
    """Get, set, list, unset and watch configurations. Plain `botbus config` lists."""


@config.command(epilog=example("botbus config get app.port"))
@click.argument("key", type=KEY)
@as_option
@json_option
@on_the_bus
async def get(bus: "Bus", key: str, *, as_json: bool) -> None:
    """Print the value of KEY, that of a secret too; with --json everything but a secret's value."""
    found = await bus.configurations.get(key)
    if as_json:
        _show_json(found)
    else:
        click.echo(body_text(found.value))


@config.command(
    "set",
    epilog=example(
        "botbus config set app.port 8080",
        "botbus config set api.key - --secret < key.txt",
        "botbus config set app.leader me --if-absent",
    ),
)
@click.argument("key", type=KEY)
@click.argument("value")
@click.option("--type", "kind", type=TYPE, help="By default as it is, or as the value looks.")
@click.option("--secret/--not-secret", default=None, help="Whether the value is to be kept secret.")
@click.option("--description", help="What it is for; an empty one takes it away.")
@click.option("--if-value", type=JSON_VALUE, help="Only if this is its value now.")
@click.option("--if-absent", is_flag=True, help="Only if it is not there.")
@operator_option
@json_option
@on_the_bus
async def set_(
    bus: "Bus",
    key: str,
    value: str,
    kind: ValueType | None,
    description: str | None,
    if_value: Body | None,
    *,
    secret: bool | None,
    if_absent: bool,
    as_json: bool,
) -> None:
    """Set KEY to VALUE: JSON, or - for stdin; plain text is a string."""
    wanted = kind or await _type_of(bus, key)
    changed = await bus.configurations.set(
        key,
        _value(value, wanted),
        value_type=kind,
        description=description,
        is_secret=secret,
        if_value=if_value.value if if_value else None,
        if_absent=if_absent,
    )
    if as_json:
        _show_json(changed)
    else:
        click.echo(f"{key} is set ({changed.value_type}{', secret' if changed.is_secret else ''})")


@config.command("list", epilog=example("botbus config list app. --type integer"))
@click.argument("prefix", default="")
@click.option("--type", "kind", type=TYPE, help="Only of this type.")
@click.option("--secret/--not-secret", default=None, help="Only secrets, or only what is none.")
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    prefix: str,
    kind: ValueType | None,
    limit: int,
    *,
    secret: bool | None,
    as_json: bool,
) -> None:
    """List what begins with PREFIX, by key; without the values of secrets."""
    found = await bus.configurations.list(prefix, value_type=kind, is_secret=secret, limit=limit)
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such configuration")


@config.command(epilog=example("botbus config unset app.port"))
@click.argument("key", type=KEY)
@click.option("--if-value", type=JSON_VALUE, help="Only if this is its value now.")
@operator_option
@json_option
@on_the_bus
async def unset(bus: "Bus", key: str, if_value: Body | None, *, as_json: bool) -> None:
    """Take KEY away."""
    expected = if_value.value if if_value else None
    changed = await bus.configurations.unset(key, if_value=expected)
    words = "is gone" if changed else "was not there"
    show_done(f"{key} {words}", {"key": key, "changed": changed}, as_json=as_json)


@config.command(epilog=example("botbus config watch app.", "botbus config watch --key app.port"))
@click.argument("prefix", default="")
@click.option("--key", type=KEY, help="Only this key.")
@click.option(
    "--after", type=click.IntRange(min=0), metavar="SEQ", help="Begin after this seq, not now."
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many.")
@as_option
@json_option
@on_the_bus
async def watch(
    bus: "Bus",
    prefix: str,
    key: str | None,
    after: int | None,
    count: int | None,
    *,
    as_json: bool,
) -> None:
    """Print changes of what begins with PREFIX as they are made, until Ctrl-C."""
    seen = 0
    async for message in bus.configurations.watch(prefix, key=key, after=after):
        echo_message(message, as_json=as_json)
        seen += 1
        if seen == count:
            return


def _show_json(found: Configuration) -> None:
    if found.is_secret:
        click.echo("the value of a secret is printed without --json only", err=True)
        found = msgspec.structs.replace(found, value=None)
    echo_json(found)


async def _type_of(bus: "Bus", key: str) -> ValueType | None:
    """The type that a key has, so that 8080 is text where text is wanted."""
    found = await bus.configurations.list(key, limit=1)
    return found[0].value_type if found and found[0].key == key else None


def _value(text: str, kind: ValueType | None) -> Any:
    """What was typed, as a value; where text is wanted, what looks like a number is text too."""
    try:
        said = standard_input() if text == "-" else text
        read = (
            None
            if kind == "string" and not said.startswith('"')
            else read_body(said, "VALUE").value
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return said if kind == "string" and not isinstance(read, str) else read


_COLUMNS: list[Column[Configuration]] = [
    Column("key", lambda one: one.key),
    Column("value", lambda one: "***" if one.is_secret else body_line(one.value), folds=True),
    Column("type", lambda one: one.value_type),
    Column("updated (UTC)", lambda one: time_text(one.updated_at)),
    Column("description", lambda one: one.description, folds=True),
]
