"""What every reply is, and the replies that say no more than that it is so."""

from msgspec import Struct


class Reply(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="kind", tag=str.lower
):
    """What every reply is."""


class Done(Reply, frozen=True, tag="done"):
    """It is so. `changed` is False if it was so before."""

    changed: bool = True
    count: int = 0
    """How many things were touched, where that is not evident."""


class Lease(Reply, frozen=True, tag="lease"):
    lease_expires_at: str
