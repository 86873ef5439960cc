"""The pages of the protocol, taken apart: their chapters, sections, tables and examples.

docs/protocol.md tells what holds for every request, and the pages in docs/protocol/ the requests,
replies and records of one part each, in chapters of the same names. A page more needs no word here.
"""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "protocol.md", *sorted((DOCS / "protocol").glob("*.md"))]


class Row(NamedTuple):
    """One field, as a table tells it."""

    type: str
    default: str
    meaning: str


def text() -> str:
    """All pages, one after the other."""
    return "\n".join(page.read_text() for page in PAGES)


def chapter(title: str) -> str:
    """What stands under a heading of the second level, on whichever pages have it."""
    found = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^##? |\Z)", text(), re.MULTILINE | re.DOTALL
    )
    assert found, f"no page has a chapter {title!r}"
    return "\n".join(found)


def sections(title: str) -> dict[str, str]:
    """The sections of a chapter whose headings are code, by name."""
    parts = re.split(r"^### `([^`]+)`\n", chapter(title), flags=re.MULTILINE)
    assert len(parts[1::2]) == len({*parts[1::2]}), "a section stands there twice"
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def links() -> list[tuple[Path, str, str]]:
    """The links of the pages to pages: where each stands, and the path and anchor it leads to."""
    return [
        (page, *target)
        for page in PAGES
        for target in re.findall(r"\]\(([\w./]*)(?:#([\w-]+))?\)", page.read_text())
    ]


def anchors(page: Path) -> set[str]:
    """What may be linked to on a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


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
