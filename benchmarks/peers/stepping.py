"""Workflow libraries: what is asked of each of them, in a process of its own.

A library whose steps may be `async def` or `def` is measured with both; the quicker counts.
"""

from importlib.metadata import PackageNotFoundError, version

from benchmarks.course import named
from benchmarks.figures import Measured
from benchmarks.players import Act, player
from benchmarks.stage import Stage

AT_ONCE = (1, 16)
"""Runs that are under way at any time."""
Steps = Act[[str, int, int]]
"""An act that is told a database, how many runs, and how many of them at once."""


def installed(package: str) -> str | None:
    """Version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def measured_in(stage: Stage, acts: dict[str, Steps]) -> Measured:
    """Performs acts by the kind of their steps, each on a new database."""
    figures: Measured = {}
    for at_once in AT_ONCE:
        kinds = {kind: _alone(stage, act, at_once) for kind, act in acts.items()}
        figures |= named(f"steps.{at_once}", max(kinds.values(), key=lambda kind: kind["rate"]))
        figures |= {f"steps.{at_once}.{kind}.rate": it["rate"] for kind, it in kinds.items()}
    return figures


def _alone(stage: Stage, act: Steps, at_once: int) -> Measured:
    with stage.places.room() as room, player() as alone:
        return alone.perform(act, str(room / "steps.db"), stage.sizes.runs, at_once)
