"""What may stand in an argument, checked before the daemon is asked.

The rules are the protocol's own; a value that breaks one is a mistake in the command line, told with
the sentence of the rule.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from botbus_protocol.grammar import check_id, check_name, check_name_or_id
from botbus_protocol.timestamps import from_epoch, normal_time


class Checked(click.types.StringParamType):
    """Text that a function of the protocol accepts, as that function returns it."""

    def __init__(self, name: str, check: Callable[[str, str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._check(value, _called(param))
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from None


class Body(NamedTuple):
    """The body of a message; a value of its own, because a body may be None."""

    value: Any


def read_body(text: str, called: str = "BODY") -> Body:
    """JSON, `-` for stdin, or plain text. Raises ValueError with a sentence."""
    return Body(_parsed(standard_input() if text == "-" else text, called))


def moment(text: str, field: str) -> int | str:
    """A seq or a time, or how long ago. Raises ValueError with a sentence."""
    return int(text) if text.isdecimal() else past_or_time(text, field)


def past_or_time(text: str, field: str) -> str:
    """A time, or how long ago: `90s`, `10m`, `2h`, `7d`. Raises ValueError with a sentence."""
    if ago := _AGO.fullmatch(text):
        return from_epoch(time.time() - int(ago[1]) * _SECONDS[ago[2]])
    try:
        return normal_time(text, field)
    except ValueError as error:
        raise ValueError(f"{error}, or how long ago, such as 10m, 2h or 7d") from None


_AGO = re.compile(r"(\d{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def start(text: str, field: str) -> int | str:
    """Where a subscription begins. Raises ValueError with a sentence."""
    return text if text in {"new", "first"} else moment(text, field)


def header(text: str, _: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"a header is name=value, not {text!r}")
    return name, value


BOT_NAME = Checked("name", check_name)
BOT = Checked("bot", check_name_or_id)
CHANNEL = Checked("channel", check_name)
MESSAGE_ID = Checked("id", check_id)
MOMENT = Checked("seq|time", moment)
START = Checked("new|first|seq|time", start)
HEADER = Checked("name=value", header)
BODY = Checked("body", read_body)
SECONDS = click.FloatRange(min=0)


def _called(param: click.Parameter | None) -> str:
    if param is None:
        return "value"
    return param.opts[0] if isinstance(param, click.Option) else param.human_readable_name


def standard_input() -> str:
    """What is piped in, without the newline at its end. Raises ValueError with a sentence."""
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise ValueError("stdin is not UTF-8 text: send text or JSON, for example base64") from None
    return text.removesuffix("\n").removesuffix("\r")


def _parsed(text: str, called: str) -> Any:
    """What the text says as JSON, or the text itself if it does not look like JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"{called} is nested too deeply: send a flatter one") from None
    except json.JSONDecodeError as error:
        if text.lstrip().startswith(("{", "[")):
            raise ValueError(
                f"{called} looks like JSON and is not: {error}. Keys and texts need double quotes; "
                'to send it as plain text, write it as a JSON string: "…"'
            ) from None
        return text


def _refuse_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"JSON has no {name}", name, 0)
