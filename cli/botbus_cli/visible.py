"""Values as text on a screen: what a bot wrote must not move the reader's cursor."""

import json
from typing import Any


def visible(text: str) -> str:
    """The text with what cannot be printed written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def body_line(body: Any) -> str:
    """A body as JSON on one line."""
    return visible(json.dumps(body, ensure_ascii=False))


def body_text(body: Any) -> str:
    """A body for a person: text as it is, over several lines if it has them; else JSON."""
    if not isinstance(body, str):
        return body_line(body)
    return "\n".join(map(visible, body.replace("\t", "    ").split("\n")))


def time_text(moment: str | None, parts: str = "seconds") -> str:
    """A time of the wire, shorter."""
    width = len("2026-01-01 00:00:00.000" if parts == "milliseconds" else "2026-01-01 00:00:00")
    return moment.replace("T", " ")[:width] if moment else ""
