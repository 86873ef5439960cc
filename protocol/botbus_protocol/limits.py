"""How much a client may say at once; `hello` tells the figures in force, settings change them."""

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1, le=2**62)]


class Limits(Struct, frozen=True, kw_only=True):
    frame_bytes: Count = 1024 * 1024
    """The largest frame, in bytes of msgpack."""
    body_bytes: Count = 256 * 1024
    """The largest body, in bytes of the JSON text that is stored."""
    headers_bytes: Count = 16 * 1024
    """The largest set of headers, in bytes of the JSON text that is stored."""
    requests_per_frame: Count = 1000
    step_output_bytes: Count = 1_000_000
    """The largest output of a step, in bytes of the JSON text that is stored."""
    context_bytes: Count = 10_000_000
    """The largest context of a run, in bytes of the JSON text that is stored."""
    fetch_messages: Count = 1000
    """The most deliveries or messages that one reply holds; a request for more gets this many."""
    wait_seconds: Annotated[float, Meta(gt=0, le=366 * 86400)] = 3600.0
    """The longest a request may be parked in the daemon."""


DEFAULT_LIMITS = Limits()
