"""What can go wrong, as a bot sees it: one exception class for each error code.

`str(error)` is a sentence that says what to do, `error.code` is stable and for programs,
`error.details` holds figures where there are any. Every error that a method of the bus raises on
purpose is a `BusError`; a code that this version does not know comes as a plain `BusError`.
"""

# ruff: noqa: N818 - the class has the name of the code, which is the word of the contract

from typing import Any, ClassVar

from botbus_protocol.errors import Code, Fault


class BusError(Exception):
    """A request was refused, or could not be carried out."""

    default_code: ClassVar[str] = Code.INTERNAL.value

    def __init__(
        self, message: str, *, code: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details: dict[str, Any] = details or {}


class BadFrame(BusError):
    """One side could not read what the other one said."""

    default_code = Code.BAD_FRAME.value


class UnsupportedVersion(BusError):
    """The daemon speaks another version of the protocol."""

    default_code = Code.UNSUPPORTED_VERSION.value


class UnknownOp(BusError):
    """The daemon does not know this operation; it is probably older than the client."""

    default_code = Code.UNKNOWN_OP.value


class Invalid(BusError):
    """A value is not what it must be; nothing was done."""

    default_code = Code.INVALID.value


class TooLarge(BusError):
    """A body, a frame or a set of headers is above the daemon's limit."""

    default_code = Code.TOO_LARGE.value


class Denied(BusError):
    """This bot may not do that."""

    default_code = Code.DENIED.value


class NotFound(BusError):
    """There is no such thing."""

    default_code = Code.NOT_FOUND.value


class Conflict(BusError):
    """It exists already, and differs."""

    default_code = Code.CONFLICT.value


class IllegalState(BusError):
    """It cannot be done with a thing in this state."""

    default_code = Code.ILLEGAL_STATE.value


class LeaseLost(BusError):
    """The delivery is no longer held here: its lease ended, and it may be with somebody else."""

    default_code = Code.LEASE_LOST.value


class Limit(BusError):
    """A quota or a rate is used up."""

    default_code = Code.LIMIT.value


class Loop(BusError):
    """A chain of replies is so long that it looks like bots answering each other for ever."""

    default_code = Code.LOOP.value


class StorageFull(BusError):
    """The daemon's disk is full; nothing was lost and nothing was done."""

    default_code = Code.STORAGE_FULL.value


class StorageFailed(BusError):
    """The daemon's database failed."""

    default_code = Code.STORAGE_FAILED.value


class ShuttingDown(BusError):
    """The daemon is stopping, and had not come back before the request's time was over."""

    default_code = Code.SHUTTING_DOWN.value


class Internal(BusError):
    """The daemon made a mistake; its log tells which."""

    default_code = Code.INTERNAL.value


class Unavailable(BusError):
    """There is no daemon to talk to. Whether a request was carried out is not known."""

    default_code = "unavailable"


class Timeout(BusError):
    """No answer came in time. Whether a request was carried out is not known."""

    default_code = "timeout"


ERROR_OF: dict[str, type[BusError]] = {
    kind.default_code: kind
    for kind in (
        BadFrame,
        UnsupportedVersion,
        UnknownOp,
        Invalid,
        TooLarge,
        Denied,
        NotFound,
        Conflict,
        IllegalState,
        LeaseLost,
        Limit,
        Loop,
        StorageFull,
        StorageFailed,
        ShuttingDown,
        Internal,
        Unavailable,
        Timeout,
    )
}
"""The class of each code."""


def error_of(fault: Fault) -> BusError:
    """The exception for an error as it came over the wire."""
    kind = ERROR_OF.get(fault.code, BusError)
    return kind(fault.message, code=fault.code, details=fault.details)
