"""What the commands about shared records have in common: what is said of them, and one record shown."""

from typing import Any

import click
from msgspec import Struct

from botbus_cli.arguments import Checked, past_or_time, read_body
from botbus_cli.json_lines import echo_json
from botbus_cli.visible import body_line, time_text, visible
from botbus_protocol.grammar import check_id
from botbus_protocol.requests.record_fields import check_workstream_id

RECORD_ID = Checked("id", check_id)
WORKSTREAM_ID = Checked("id|scratch", check_workstream_id)
TIME = Checked("time", past_or_time)
JSON_VALUE = Checked("json", read_body)

since_option = click.option(
    "--since", type=TIME, help="Only those after this: a time, or 30s, 10m, 2h, 7d ago."
)
until_option = click.option(
    "--until", type=TIME, help="Only those before this time, or before so long ago."
)


LABEL = len("connection type") + 2
"""Columns of a field's name: the longest one, and room."""


def show_record(record: Struct, *, as_json: bool) -> None:
    """A record as an object, or for a person: a line for each field that says something."""
    if as_json:
        echo_json(record)
        return
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if value is not None and value not in ("", []):
            click.echo(f"{name.replace('_', ' '):<{LABEL}}{field_text(name, value)}")


def field_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        is_time = name.endswith("_at") or name == "last_heartbeat"
        return f"{time_text(value)} UTC" if is_time else visible(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return visible(" ".join(value))
    return body_line(value)


def show_done(sentence: str, data: dict[str, Any], *, as_json: bool) -> None:
    """What became of something that leaves no record to show."""
    if as_json:
        echo_json(data)
    else:
        click.echo(sentence)
