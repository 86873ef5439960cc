"""What the fields of shared records may hold, and how pages of them are asked for.

Lists of records are read newest first in pages. The next page begins before the last record of this
one: its time and its id, since several records may have the same time.
"""

import unicodedata
from typing import Annotated

from msgspec import Meta

from botbus_protocol.grammar import NUL_LATER, check_id
from botbus_protocol.records.workstreams import SCRATCH
from botbus_protocol.timestamps import parse_time

MAX_TAG = 64
MAX_TAGS = 100

Title = Annotated[str, Meta(min_length=1, max_length=500, pattern=NUL_LATER)]
LongText = Annotated[str, Meta(max_length=100_000)]
"""Summaries and descriptions."""
ErrorText = Annotated[str, Meta(max_length=10_000)]
ShortName = Annotated[str, Meta(min_length=1, max_length=64, pattern=NUL_LATER)]
LongName = Annotated[str, Meta(min_length=1, max_length=256, pattern=NUL_LATER)]
OptionalName = Annotated[str, Meta(max_length=256)]
Path = Annotated[str, Meta(max_length=4096)]
Tags = Annotated[list[str], Meta(max_length=MAX_TAGS)]

_SIGNS = frozenset("._:/#@+-")


def check_tags(tags: list[str]) -> None:
    """Raises ValueError for a tag that would be hard to type or to tell apart."""
    for tag in tags:
        if not unicodedata.is_normalized("NFC", tag):
            raise ValueError(
                f"tags has {tag[:MAX_TAG]!a}, which is no tag: it looks like another one that is "
                "written in Unicode's normal form C, so use that"
            )
        if not _is_tag(tag):
            raise ValueError(
                f"tags has {_shown(tag)}, which is no tag: use 1-{MAX_TAG} letters and digits of any "
                "script and . _ : / # @ + - (no spaces)"
            )


def _is_tag(tag: str) -> bool:
    return 0 < len(tag) <= MAX_TAG and all(
        c in _SIGNS or unicodedata.category(c)[0] in "LNM" for c in tag
    )


def _shown(tag: str) -> str:
    return repr(tag) if len(tag) <= MAX_TAG else f"{tag[:20]!r}… ({len(tag)} characters)"


def check_workstream_id(text: str, field: str) -> str:
    """The id of a workstream, or `scratch`. Raises ValueError."""
    return text if text == SCRATCH else check_id(text, field)


def check_window(after: str | None, before: str | None, before_id: str, what: str) -> None:
    """The bounds of a page: times named after `what`, and the id beside the later one."""
    if after is not None:
        parse_time(after, f"{what}_after")
    if before is not None:
        parse_time(before, f"{what}_before")
    elif before_id:
        raise ValueError(f"before_id goes with {what}_before: give both, of the last record")
