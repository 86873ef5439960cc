"""One run, from the first process to the record of what was measured."""

import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from benchmarks import peers
from benchmarks.course import Measurement, named, play
from benchmarks.figures import Figures, Measured, unit
from benchmarks.machine import describe
from benchmarks.once import play_once
from benchmarks.peers.peer import Peer
from benchmarks.places import places
from benchmarks.players import player
from benchmarks.sizes import Sizes
from benchmarks.stage import Stage
from benchmarks.targets import Verdict, judge
from botbus_protocol import __version__
from botbus_protocol.timestamps import from_epoch


class Figure(Struct, frozen=True):
    median: float
    unit: str
    rounds: list[float]


class Record(Struct, frozen=True):
    """What a run leaves behind; the shape of the JSON."""

    botbus: str
    began: str
    seconds: float
    machine: dict[str, str | int]
    sizes: Sizes
    peers: dict[str, str | None]
    """Version of each peer; None for one that is not installed."""
    figures: dict[str, Figure]
    targets: list[Verdict]


def run(sizes: Sizes, folder: Path | None, tell: Callable[[str], None]) -> Record:
    """Measures everything. Raises Silence if a process fails."""
    began = time.time()
    found = {peer.name: peer.find() for peer in peers.ALL}
    installed = [peer for peer in peers.ALL if found[peer.name] is not None]
    figures = Figures()
    with places(folder) as ground, player() as first, player() as second:
        machine = describe(ground.folder)
        stage = Stage(sizes, ground, first, second)
        play(stage, [(peer.title, _measured(peer)) for peer in installed], figures, tell)
        play_once(stage, figures, tell)
    return Record(
        botbus=__version__,
        began=from_epoch(began),
        seconds=round(time.time() - began, 1),
        machine=machine,
        sizes=sizes,
        peers=found,
        figures={name: _figure(figures, name) for name in figures.values},
        targets=judge(figures),
    )


def _measured(peer: Peer) -> Measurement:
    def measure(stage: Stage) -> Measured:
        return named(peer.name, peer.measure(stage))

    return measure


def _figure(figures: Figures, name: str) -> Figure:
    return Figure(figures.median(name) or 0.0, unit(name), figures.values[name])
