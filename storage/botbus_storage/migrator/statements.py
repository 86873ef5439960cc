"""SQL text cut into its statements, each with the line it begins at.

SQLite itself decides what is complete (`sqlite3.complete_statement` knows the semicolons inside a
trigger); the pattern here only finds the semicolons worth asking about: those outside strings,
quoted names and comments. Text is never changed, so what runs is what the file says.
"""

import re
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

_SKIPPED = r"(?s:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))*"
_LEXEME = (
    r"""(?sx) --[^\n]* | /\*.*?(?:\*/|\Z) | '[^']*' | "[^"]*" | `[^`]*` | \[[^\]]*\] | (?P<end>;)"""
)
"""Compiled when first used (`re` remembers them): a start with nothing to do never splits."""


class Statement(NamedTuple):
    """One statement as it stands in its file; `line` counts from 1."""

    text: str
    line: int

    @property
    def verb(self) -> str:
        """The first word in capitals: `CREATE`, `INSERT`, …"""
        word = re.match(r"\w+", self.text)
        return word.group().upper() if word else ""


def split(text: str) -> Iterator[Statement]:
    """The statements of `text`. What follows the last semicolon is a statement too, if it is any."""
    start = _after_blank(text, 0)
    for token in re.finditer(_LEXEME, text):
        if token["end"] is None:
            continue
        candidate = text[start : token.end()]
        if sqlite3.complete_statement(candidate):
            if candidate != ";":
                yield Statement(candidate, _line(text, start))
            start = _after_blank(text, token.end())
    if rest := text[start:].rstrip():
        yield Statement(rest, _line(text, start))


def _after_blank(text: str, position: int) -> int:
    """Where the next statement begins: past white space and comments."""
    found = re.compile(_SKIPPED).match(text, position)
    return found.end() if found else position


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
