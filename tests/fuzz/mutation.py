"""One small wrong at a time: in the value of a frame, or in its bytes.

Everything is decided by the `Random` that is handed in, so that hypothesis can shrink what it finds
and the guided fuzzer can repeat it.
"""

from random import Random
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


WRONG: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)),
    *(0.5, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")),
    *("", " ", "\0", "ä", "a\n", "x" * 300, "1.1", "0", "null", "..", "%", "'; --", "\u202e"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "new", "first"),
    *(b"", b"\xff\xfe", msgpack.Timestamp(2**33), msgpack.ExtType(5, b"x")),
    *([], [None], {}, {"": None}, {1: 2}, {b"x": 1}, _deep(40), _deep(300)),
]
"""What belongs nowhere, or only just."""

BYTES = [b"\xc1", b"\xc0", b"\x80", b"\x90", b"\xff", b"\xd9\xff", b"\xdf\xff\xff\xff\xff", b"\xc7"]
"""The never used byte, nothing, empty ones, and lengths that promise too much."""


def spoiled_value(value: Any, random: Random) -> Any:
    """A copy with one place replaced, left out, doubled, renamed, or put where another was."""
    places = list(_places(value, ()))
    if not places:
        return random.choice(WRONG)
    *path, last = random.choice(places)
    copy = _copied(value)
    holder = copy
    for step in path:
        holder = holder[step]
    if isinstance(holder, dict):
        _spoil_map(holder, last, random)
    else:
        _spoil_list(holder, last, random)
    return copy


def spoiled_bytes(data: bytes, random: Random) -> bytes:
    """A copy that is cut, or in which some bytes are other ones, too many, missing or doubled."""
    at = random.randint(0, len(data))
    end = min(len(data), at + random.randint(0, 8))
    match random.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + random.choice(BYTES) + data[end:]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:at] + data[at:end] * 2 + data[end:]
        case 4:
            return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    return data[:at] + bytes(b ^ (1 << random.randrange(8)) for b in data[at:end]) + data[end:]


def _places(value: Any, path: tuple[Any, ...]) -> Any:
    """The paths of everything inside a value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, inner in items:
        yield (*path, step)
        yield from _places(inner, (*path, step))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _spoil_map(holder: dict[Any, Any], key: Any, random: Random) -> None:
    match random.randrange(4):
        case 0:
            del holder[key]
        case 1:
            holder[random.choice(["", "op", "id", "newer", 7])] = holder.pop(key)
        case 2:
            holder[key] = random.choice(list(holder.values()))
        case _:
            holder[key] = random.choice(WRONG)


def _spoil_list(holder: list[Any], index: int, random: Random) -> None:
    match random.randrange(4):
        case 0:
            del holder[index]
        case 1:
            holder.insert(index, holder[index])
        case 2:
            holder[index] = random.choice(holder)
        case _:
            holder[index] = random.choice(WRONG)
