"""What the decoder says of a field that does not fit, as a sentence that says what to do.

The decoder knows the rule that was broken and the place; which words a field takes, it does not tell,
so they are looked up in the request. What a stranger sent is shown by its beginning only.
"""

import re
from typing import Any, get_args

import msgspec
from msgspec import Struct
from msgspec.inspect import is_struct_type

_LENGTH = re.compile(r"Expected `(\w+)` of length (<=|>=) (\d+)")
_RANGE = re.compile(r"Expected `\w+` (<=|>=|<|>) (\S+)")
_WORD = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")

_BOUNDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
_THINGS = {"str": "characters", "array": "entries", "object": "keys", "bytes": "bytes"}
_SHOWN = 40


def sentence(kind: type[Struct], text: str) -> str:
    """The decoder's text about a struct, for a person: "title is too long: give at most 500 …"."""
    what, _, place = text.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    if missing := _MISSING.fullmatch(what):
        return f"{place + '.' if place else ''}{missing[1]} is missing: give it"
    if not place:
        return what
    if "matching regex" in what:  # there is but one, NUL_LATER
        return f"{place} begins with a NUL: leave that out"
    if length := _LENGTH.fullmatch(what):
        return _about_length(place, *length.groups())
    if bound := _RANGE.fullmatch(what):
        return f"{place} must be {_BOUNDS[bound[1]]} {bound[2]}"
    if word := _WORD.fullmatch(what):
        return _about_word(kind, place, word[1])
    return f"{what} (in {place})"


def _about_length(place: str, kind: str, bound: str, figure: str) -> str:
    if bound == ">=":
        return f"{place} is empty: fill it in" if figure == "1" else f"{place} is too short"
    return f"{place} is too long: give at most {figure} {_THINGS.get(kind, 'entries')}"


def _about_word(kind: type[Struct], place: str, given: str) -> str:
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    words = [word for word in _words(_type_at(kind, place)) if isinstance(word, str)]
    advice = f"use {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "see its page"
    return f"{place} cannot be {shown}: {advice}"


def _type_at(kind: Any, place: str) -> Any:
    """The type of a field, or of a field of a struct in it: "wait.kind"."""
    name, _, rest = place.partition(".")
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    found = types.get(name)
    inner = [part for part in (found, *get_args(found)) if is_struct_type(part)]
    if not rest:
        return found
    return _type_at(inner[0], rest) if inner else None


def _words(kind: Any) -> list[Any]:
    """What a literal, or a union with one, may be."""
    found: list[Any] = []
    for part in get_args(kind):
        found += _words(part) if get_args(part) else [part]
    return found
