"""The grammar of names and ids.

A bot or channel name is 1-64 of ``a-z A-Z 0-9 . _ -``. An id is a UUIDv7 in lower-case text
(RFC 9562, section 5.7). The two never meet: a name that has the shape of a UUID is refused, so a
request may name a bot by either.

Every check returns what it was given, or raises ValueError with a sentence that says what to do.
Valid values are remembered, because a busy daemon sees the same few names a million times.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import uuid_utils

NAME_LENGTH = 64
ID_LENGTH = 36

NUL_LATER = r"^[^\x00]"
"""Texts that the database counts do not begin with a NUL: SQLite counts the characters before it."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


is_id = _UUID7.fullmatch
"""What `check_id` asks; not None for a UUIDv7 in lower-case text."""


def are_ids(texts: Sequence[str]) -> bool:
    """Whether `is_id` says so of each of them; all are looked at together, which takes half as long."""
    if set(map(len, texts)) != {ID_LENGTH}:
        return False
    text, count = "".join(texts).encode(), len(texts)
    return (
        text[8::ID_LENGTH] == text[13::ID_LENGTH] == text[18::ID_LENGTH] == b"-" * count
        and text[23::ID_LENGTH] == b"-" * count
        and text.translate(None, b"0123456789abcdef") == b"-" * 4 * count
        and text[14::ID_LENGTH] == b"7" * count  # the version
        and not text[19::ID_LENGTH].translate(None, b"89ab")  # the variant
    )


def new_id() -> str:
    """A fresh UUIDv7 in lower-case text; the ids of one process sort by when they were made."""
    return str(uuid_utils.uuid7())


def looks_like_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


@lru_cache(maxsize=65536)
def check_name(name: str, field: str) -> str:
    """A valid bot or channel name. Raises ValueError."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"{field} {_shown(name)} is not a name: use 1-64 of a-z A-Z 0-9 . _ - (no spaces)"
        )
    if looks_like_id(name):
        raise ValueError(
            f"{field} {name!r} has the shape of an id: choose a name that is not a UUID"
        )
    return name


@lru_cache(maxsize=65536)
def check_name_or_id(text: str, field: str) -> str:
    """A bot's name or its id. Raises ValueError."""
    return text if _UUID7.fullmatch(text) else check_name(text, field)


def check_id(text: str, field: str) -> str:
    """A UUIDv7 in lower-case text. Raises ValueError."""
    if is_id(text) is None:
        raise ValueError(f"{field} {_shown(text)} is not an id: use a UUIDv7 in lower-case text")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= NAME_LENGTH else f"{text[:NAME_LENGTH]}…")
