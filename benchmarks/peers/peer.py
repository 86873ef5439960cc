"""What a peer has to tell and to measure.

`measure` gives figures, and the run puts the peer's name before theirs. One that sends messages gives
`1.p50`, `1.p99`, `64.rate`, `1024.rate`, `delivery.p50` and `delivery.p99`; one that runs workflows
gives `steps.1.rate` and `steps.16.rate`.
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
    note: str = ""
    """What a reader of the table should know; a sentence or two."""
