"""`--json`: one object a line. Every field is always there, whatever its value, for programs."""

from typing import Any

import click
import msgspec
from msgspec import Struct


def echo_json(value: Any) -> None:
    click.echo(msgspec.json.encode(plain(value)).decode())


def plain(value: Any) -> Any:
    """A record as a dict, defaults included."""
    if isinstance(value, Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
