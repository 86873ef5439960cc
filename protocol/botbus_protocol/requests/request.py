"""What every request is, and the checks that requests share.

A request that *parks* may be held by the daemon until something happens; it travels alone. A
request that *mutates* may be part of an atomic frame, and may be sent twice: it has its effect
once.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
LeaseName = Annotated[str, Meta(max_length=64)]
Ticket = Annotated[str, Meta(max_length=256)]

LONGEST = 10 * 366 * 86400.0
"""Ten years in seconds: a longer ttl or delay is a mistake in the unit."""
LONGEST_LEASE = 86400.0


class Request(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="op", tag=str.lower
):
    """What every request is."""

    parks: ClassVar[bool] = False
    mutates: ClassVar[bool] = False


def check_seconds(seconds: float | None, field: str, least: float = 0.0) -> None:
    if seconds is not None and not least <= seconds <= LONGEST:
        raise ValueError(
            f"{field} must be seconds from {least:g} to {LONGEST:.0f}, not {seconds:g}"
        )


def check_lease(seconds: float, field: str) -> None:
    if not 0.1 <= seconds <= LONGEST_LEASE:
        raise ValueError(
            f"{field} must be seconds from 0.1 to {LONGEST_LEASE:.0f}, not {seconds:g}"
        )


def check_count(count: int, field: str) -> None:
    if count < 1:
        raise ValueError(f"{field} must be 1 or more, not {count}")
