"""Values that follow from a run and a name: the same on every replay, and nothing stored for them."""

from hashlib import sha256
from typing import TypeVar

import msgspec

from botbus_protocol.requests import Publish, Send

M = TypeVar("M", Send, Publish)

_MANTISSA = 53


def derived_id(run: str, name: str) -> str:
    """A UUIDv7: the time of the run's own id, and for the rest a hash."""
    digits = _hash(run, name).hex()
    variant = "89ab"[int(digits[3], 16) % 4]
    return f"{run[:13]}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"


def under_its_id(run: str, step: str, message: M) -> M:
    """A message under an id that follows from the run, the step and all that it says.

    So a step that is run again does not say the same twice; and if it has something else to say,
    after a retry, that is not taken for a repeat.
    """
    content = msgspec.msgpack.encode(msgspec.structs.replace(message, id=run))
    name = f"{step}/{sha256(content).hexdigest()}"
    return msgspec.structs.replace(message, id=derived_id(run, name))


def derived_number(run: str, name: str) -> float:
    """A number from 0 to below 1."""
    return (int.from_bytes(_hash(run, name)[:8]) >> (64 - _MANTISSA)) / (1 << _MANTISSA)


def _hash(run: str, name: str) -> bytes:
    return sha256(f"{run}/{name}".encode()).digest()
