"""docs/protocol.md, taken apart: its sections, tables and examples."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


class Row(NamedTuple):
    """One field, as a table tells it."""

    type: str
    default: str
    meaning: str


def text() -> str:
    return PAGE.read_text()


def chapter(title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"the page has no chapter {title!r}"
    return found[1]


def sections(title: str) -> dict[str, str]:
    """The sections of a chapter whose headings are code, by name."""
    parts = re.split(r"^### `([^`]+)`\n", chapter(title), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def fields(section: str) -> dict[str, Row]:
    """The rows of a section's table of fields, by name."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| (.*)\|$", section, re.MULTILINE)
    assert len(rows) == len({row[0] for row in rows}), "a field stands there twice"
    return {
        name: Row(type_.strip(), default.strip("` "), meaning)
        for name, type_, default, meaning in rows
    }


def codes(section: str) -> list[str]:
    """The first column of the table of error codes."""
    table = section[section.index("| code | when |") :]
    return re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)


def block(kind: str) -> str:
    """The content of the one fenced block of a kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", text(), re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found
