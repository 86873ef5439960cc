"""What is run: workflows of ten steps that do next to nothing, so that what is left is the checkpoint.

The figures count steps, but the clock also runs while a run is started and its result is awaited.
"""

from collections.abc import Awaitable, Callable

from benchmarks.acts.sending import measured
from benchmarks.figures import Measured

STEPS = 10
"""Steps of a run, one after the other."""
OUTPUT = '{"ok":true,"step":7}'
"""What a step leaves behind, as it is stored."""

Run = Callable[[], Awaitable[object]]


async def step(number: int) -> dict[str, int | bool]:
    return {"ok": True, "step": number}


def plain_step(number: int) -> dict[str, int | bool]:
    return {"ok": True, "step": number}


async def in_steps(run: Run, runs: int, at_once: int) -> Measured:
    """`rate` in steps of so many runs, so many of them at any time; `p50`, `p99` of a whole run."""
    found = await measured(run, runs, at_once)
    return found | {"rate": found["rate"] * STEPS}
