"""Values from the wire as the JSON text that is stored, with their limits."""

from msgspec import Raw

from botbus_protocol import bodies
from botbus_protocol.errors import Code, Refused


def json_text(raw: Raw, what: str, limit: int) -> str | None:
    """The text of a value; None for nil. Raises Refused (`invalid`, `too_large`)."""
    if raw is bodies.NULL or raw == bodies.NULL:
        return None
    try:
        text = bodies.to_json(raw, what)
    except ValueError as error:
        raise Refused(Code.INVALID, str(error)) from None
    check_size(what, text, limit)
    return text


def json_map(raw: Raw, what: str, limit: int) -> str | None:
    """The text of a map. Raises Refused (`invalid`, `too_large`)."""
    text = json_text(raw, what, limit)
    if text is not None and not text.startswith("{"):
        raise Refused(Code.INVALID, f"{what} must be a map with names as keys")
    return text


def check_size(what: str, text: str, limit: int) -> None:
    """Raises Refused (`too_large`)."""
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise Refused(
            Code.TOO_LARGE,
            f"the {what} has {size} bytes as JSON and the limit is {limit}: "
            "put the data into a file and keep its path",
            limit=f"{what}_bytes",
            figure=limit,
        )
