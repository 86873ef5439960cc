"""What is sent: bodies of 200 bytes as JSON, some with the moment they were sent."""

import json
import time
from collections.abc import Mapping
from typing import Any

BYTES = 200


def body(moment: int = 0) -> dict[str, int | str]:
    """A body that is 200 bytes of JSON whatever the moment, in nanoseconds of `now`."""
    return {"at": moment + _FIRST, "text": _TEXT}


def body_of(size: int) -> dict[str, int | str]:
    """A body that is so many bytes of JSON, at least 200."""
    return {"at": _FIRST, "text": _TEXT + "x" * (size - BYTES)}


def sent_at(content: Mapping[str, Any]) -> int:
    """The moment at which a body was made."""
    at: int = content["at"]
    return at - _FIRST


def now() -> int:
    """Nanoseconds of a clock that all processes of the machine share."""
    return time.monotonic_ns()


_FIRST = 10**18  # so that each moment has as many digits
_TEXT = "x" * (BYTES - len(json.dumps({"at": _FIRST, "text": ""}, separators=(",", ":"))))
TEXT = json.dumps(body(), separators=(",", ":"))
"""A body as it is stored."""
