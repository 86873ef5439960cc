"""What a peer has to tell and to measure.

`measure` gives figures named `1.p50`, `1.p99`, `64.rate`, `1024.rate`, `delivery.p50` and
`delivery.p99`; the run puts the peer's name before them.
"""

from collections.abc import Callable

from msgspec import Struct

from benchmarks.figures import Measured
from benchmarks.stage import Stage


class Peer(Struct, frozen=True):
    name: str
    """As in the names of figures."""
    title: str
    """As in the table: what it is and how it is made durable."""
    find: Callable[[], str | None]
    """Its version; None where it is not installed."""
    measure: Callable[[Stage], Measured]
