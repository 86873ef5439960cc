"""What is measured once in a run: idle bots, syncs, crashes, starts, and large databases."""

import resource
import time
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks import crashes, syncs
from benchmarks.acts import idling
from benchmarks.figures import Figures, Measured
from benchmarks.growth import measure_growth
from benchmarks.large import play_large
from benchmarks.players import player
from benchmarks.stage import Stage

CROWDS = 4
"""Processes that the idle bots live in."""
SETTLING = 1.0
"""Seconds between the last connection and the first look at the daemon."""


def play_once(stage: Stage, figures: Figures, tell: Callable[[str], None]) -> None:
    tell(f"{stage.sizes.bots} idle bots")
    figures.add(idle_bots(stage))
    tell("starts on an empty database")
    for _ in range(stage.sizes.starts):
        with stage.daemon() as daemon:
            figures.add({"start.empty.ready": daemon.ready_seconds * 1e3})
    tell("workers that are killed")
    figures.add(crashes.kills(stage))
    tell(f"starts on {stage.sizes.interrupted} interrupted runs")
    figures.add({"interrupted.runs.count": stage.sizes.interrupted})
    for _ in range(stage.sizes.starts):
        figures.add(crashes.start_on_runs(stage))
    tell("larger bodies, more connections")
    measure_growth(stage, figures)
    tell("syncs")
    figures.add(syncs.counted(stage))
    play_large(stage, figures, tell)


def idle_bots(stage: Stage) -> Measured:
    """Memory of the daemon before and after they came, and its work while nothing happens."""
    raise_file_limit(stage.sizes.bots * 2 + 256)
    with ExitStack() as stack:
        daemon = stack.enter_context(stage.daemon())
        before = daemon.rss()
        for crowd in range(CROWDS):
            bots = [f"idle-{number}" for number in range(crowd, stage.sizes.bots, CROWDS)]
            stack.enter_context(player()).begin(idling.idle, daemon.url, bots)
        time.sleep(SETTLING)
        used = daemon.cpu_seconds()
        time.sleep(stage.sizes.quiet)
        return {
            "idle.bots.count": stage.sizes.bots,
            "idle.before.rss": before,
            "idle.after.rss": daemon.rss(),
            "idle.quiet.busy": daemon.cpu_seconds() - used,
        }


def raise_file_limit(wanted: int) -> None:
    """Lets this process and its children open so many files, as far as that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
