"""The error codes of the protocol and the one shape an error has on its way to a client.

A code is stable and for programs, the sentence is for people and says what to do. `Refused` carries
a `Fault` inside a process; on the wire there is only the `Fault`.
"""

from enum import StrEnum
from typing import Any, final

from msgspec import Struct


class Code(StrEnum):
    BAD_FRAME = "bad_frame"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_OP = "unknown_op"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    ILLEGAL_STATE = "illegal_state"
    LEASE_LOST = "lease_lost"
    LIMIT = "limit"
    LOOP = "loop"
    STORAGE_FULL = "storage_full"
    STORAGE_FAILED = "storage_failed"
    SHUTTING_DOWN = "shutting_down"
    INTERNAL = "internal"


@final
class Fault(Struct, frozen=True, omit_defaults=True):
    """An error as it travels.

    `code` is a plain string, not a `Code`: a client must be able to read a newer daemon's codes.
    """

    code: str
    message: str
    details: dict[str, Any] | None = None


class Refused(Exception):  # noqa: N818 - a refusal is an expected answer, not a program's error
    """A request that is answered with an error instead of its reply."""

    def __init__(self, code: Code, message: str, **details: Any) -> None:
        super().__init__(message)
        self.fault = Fault(code.value, message, details or None)
