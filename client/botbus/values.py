"""Python values as JSON can hold them, and back: what is stored of a run reads the same ever after.

What a step returns is turned into plain JSON values before it is stored, dataclasses, structs and
datetimes included, and what its author gets is made from these plain values: on the first run and on
every replay alike.
"""

from typing import Any

import msgspec
from msgspec import Raw

from botbus.errors import Invalid
from botbus_protocol.bodies import NULL

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode

_SCALARS = frozenset({str, int, float, bool, type(None)})


def plain(value: Any, what: str) -> Any:
    """The value as dicts, lists and scalars. Raises Invalid with a sentence about `what`."""
    if type(value) in _SCALARS:
        return value

    def refuse(part: Any) -> Any:
        raise Invalid(
            f"{what} has a {type(part).__name__}, which JSON cannot hold: make it a dict, list, str, "
            "int, float, bool, None, dataclass, msgspec.Struct or datetime"
        )

    try:
        # Packed and unpacked, for tuples become lists only there, and nobody else holds the copy.
        return _unpack(_pack(msgspec.to_builtins(value, str_keys=True, enc_hook=refuse)))
    except RecursionError:
        raise Invalid(f"{what} is nested too deeply, or holds itself: make it flatter") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"{what} cannot be stored: {error}") from None


def packed(value: Any, what: str) -> Raw:
    """Bytes of a value for the wire. Raises Invalid with a sentence about `what`."""
    return packed_plain(plain(value, what), what)


def packed_plain(value: Any, what: str) -> Raw:
    """`packed`, of a value that is plain already."""
    if value is None:
        return NULL
    try:
        return Raw(_pack(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Invalid(f"{what} cannot be stored: {error}") from None


def packed_changes(changes: dict[str, Any] | None) -> dict[str, Raw] | None:
    """Changes of a context for the wire; None for a value takes its key away."""
    if not changes:
        return None
    return {key: packed(value, f"context[{key!r}]") for key, value in changes.items()}
