"""What a measurement has at hand: how much to do, where to write, and players that wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.daemons import Daemon, serving
from benchmarks.places import Places
from benchmarks.players import Player
from benchmarks.sizes import Sizes


class Stage:
    """Two players in the front row; whoever needs more starts them itself."""

    def __init__(self, sizes: Sizes, places: Places, first: Player, second: Player) -> None:
        self.sizes = sizes
        self.places = places
        self.first = first
        self.second = second

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        """A daemon on a new database."""
        with self.places.room() as room, serving(room / "bus.db", self.places.socket()) as daemon:
            yield daemon
