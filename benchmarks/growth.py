"""How the cost of a message grows with its size, and with the connections that 64 messages in flight
come through.
"""

from benchmarks.acts import sending
from benchmarks.course import AT_ONCE, named
from benchmarks.figures import Figures
from benchmarks.stage import Stage

BODIES = (200, 2_000, 20_000, 200_000)
"""Bytes of a body."""
LARGE = 2_000
"""Beyond it there are fewer messages, so that all sizes write about as much."""
CONNECTIONS = (1, 8, 64)


def measure_growth(stage: Stage, figures: Figures) -> None:
    count = stage.sizes.messages
    with stage.daemon() as daemon:
        for size in BODIES:
            fewer = max(count * LARGE // max(size, LARGE), AT_ONCE)
            found = stage.first.perform(sending.send, daemon.url, "absent", fewer, AT_ONCE, size)
            figures.add(named(f"body.{size}", found))
        for connections in CONNECTIONS:
            found = stage.first.perform(
                sending.send_through, daemon.url, "absent", count, AT_ONCE, connections
            )
            figures.add(named(f"connections.{connections}", found))
