"""How much a client may say at once; `hello` tells the figures in force, settings change them."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    frame_bytes: int = 1024 * 1024
    """The largest frame, in bytes of msgpack."""
    body_bytes: int = 256 * 1024
    """The largest body, in bytes of the JSON text that is stored."""
    headers_bytes: int = 16 * 1024
    """The largest set of headers, in bytes of the JSON text that is stored."""
    requests_per_frame: int = 1000
    step_output_bytes: int = 1_000_000
    """The largest output of a step, in bytes of the JSON text that is stored."""
    context_bytes: int = 10_000_000
    """The largest context of a run, in bytes of the JSON text that is stored."""
    fetch_messages: int = 1000
    """The most deliveries or messages that one reply holds; a request for more gets this many."""
    wait_seconds: float = 3600.0
    """The longest a request may be parked in the daemon."""


DEFAULT_LIMITS = Limits()
