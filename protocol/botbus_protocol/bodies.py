"""Bodies: msgpack on the wire, JSON text on disk, and only what both can hold.

`to_json` is the gate: whatever passes it can be read back by any JSON reader with the same meaning.
Bytes, timestamps and other extensions, maps with keys that are not text, NaN and infinity are
refused with a sentence that names the place and what to send instead.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson
from msgspec import Raw

_decode_msgpack = msgspec.msgpack.Decoder().decode
_encode_msgpack = msgspec.msgpack.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_encode_json = orjson.dumps
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME

_UNREADABLE = (UnicodeDecodeError, RecursionError)

NULL = Raw(_encode_msgpack(None))


def to_json(raw: Raw, what: str = "body") -> str:
    """JSON text of a msgpack value. Raises ValueError with a sentence that names the place."""
    try:
        value = _decode_msgpack(raw)
        text = _encode_json(value, None, _OPTIONS).decode()
    except (orjson.JSONEncodeError, msgspec.DecodeError, *_UNREADABLE) as error:
        raise ValueError(explain(raw, what)) from error
    # orjson writes NaN and infinity as null: look closer only where there is a null at all.
    if "null" in text and (fault := _misfit(value, what, 0)):
        raise ValueError(fault)
    return text


def all_to_json(values: Sequence[Any]) -> list[str]:
    """JSON texts of values that were msgpack, quicker than `to_json` of each.

    Raises ValueError if any of them has none; `to_json` says why.
    """
    try:
        # Each text before the next: they are written where the one before has just been.
        texts = [_encode_json(value, None, _OPTIONS).decode() for value in values]
    except (orjson.JSONEncodeError, *_UNREADABLE) as error:
        raise ValueError(str(error)) from error
    if "null" in "".join(texts):
        for value in values:
            if fault := _misfit(value, "value", 0):
                raise ValueError(fault)
    return texts


def from_json(text: str | bytes) -> Raw:
    """The msgpack value of stored JSON text."""
    return Raw(_encode_msgpack(_decode_json(text)))


def explain(raw: Raw, what: str) -> str:
    """Why a msgpack value cannot be stored as JSON, in one sentence."""
    try:
        fault = _misfit(_decode_msgpack(raw), what, 0)
    except RecursionError:
        fault = None
    except UnicodeDecodeError:
        return f"{what} has text that is not UTF-8: send valid UTF-8, or base64 for bytes"
    except msgspec.DecodeError as error:
        return f"{what} is not valid msgpack: {error}"
    return fault or f"{what} is nested too deeply: send at most {MAX_DEPTH} levels"


MAX_DEPTH = 254
"""Levels of nesting that orjson writes; a body this deep is a mistake long before."""

LONGEST_PLACE = 160
"""Characters of a body's keys that a sentence tells at most."""


def _misfit(value: Any, place: str, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return _misfit_in_map(value, place, depth)
    if isinstance(value, list):
        faults = (_misfit(item, _short(f"{place}[{i}]"), depth + 1) for i, item in enumerate(value))
        return next(filter(None, faults), None)
    return _misfit_scalar(value, place)


def _misfit_in_map(value: dict[Any, Any], place: str, depth: int) -> str | None:
    for key, item in value.items():
        if not isinstance(key, str):
            shown = _short(repr(key))
            return f"{place} has the key {shown}, and JSON has only text keys: send it as text"
        step = f".{key}" if key.isprintable() else f"[{key!r}]"
        if fault := _misfit(item, _short(place + step), depth + 1):
            return fault
    return None


def _short(text: str) -> str:
    """A text that a stranger made as long as he liked, by its beginning and its end."""
    return text if len(text) <= LONGEST_PLACE else f"{text[:40]}…{text[40 - LONGEST_PLACE :]}"


def _misfit_scalar(value: Any, place: str) -> str | None:
    if isinstance(value, bytes):
        return f"{place} is bytes, which JSON cannot hold: send text, for example base64"
    if isinstance(value, datetime):
        return f"{place} is a timestamp, which JSON cannot hold: send its ISO 8601 text"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} is {value}, which JSON cannot hold: send null or text"
    if value is None or isinstance(value, str | bool | int | float):
        return None
    return f"{place} is a {type(value).__name__}, which JSON cannot hold: send JSON values only"
