"""What a daemon holds, sampled as time goes by, and whether that levels off."""

import time
from typing import NamedTuple

from tests.daemons import DaemonProcess
from tests.vitals import MIB, open_files, resident


class Sample(NamedTuple):
    """What is held at a moment: seconds of the clock, bytes, and how many files are open."""

    at: float
    memory: int
    files: int
    wal: int
    database: int


class Bound(NamedTuple):
    """How much more of something there may be at the end of the last third than at its beginning."""

    measure: str
    rise: float
    share: float
    """Of what there is on the average; the greater of the two counts."""


BOUNDS = [
    Bound("memory", 3 * MIB, 0.04),
    Bound("files", 4, 0.04),
    Bound("wal", 4 * MIB, 0.25),
    Bound("database", MIB, 0.04),
]


def sample(daemon: DaemonProcess) -> Sample:
    wal = daemon.database.with_name(f"{daemon.database.name}-wal")
    return Sample(
        at=time.monotonic(),
        memory=resident(daemon.pid),
        files=open_files(daemon.pid),
        wal=wal.stat().st_size,
        database=daemon.database.stat().st_size,
    )


def rises(samples: list[Sample]) -> list[str]:
    """A sentence for each measure that still rises in the last third of the time."""
    third = samples[-(len(samples) // 3) :]
    times = [moment.at for moment in third]
    found = []
    for bound in BOUNDS:
        values = [float(getattr(moment, bound.measure)) for moment in third]
        rise = slope(times, values) * (times[-1] - times[0])
        allowed = max(bound.rise, bound.share * sum(values) / len(values))
        if rise > allowed:
            found.append(f"{bound.measure} rises by {rise:.0f}; {allowed:.0f} is allowed")
    return found


def slope(times: list[float], values: list[float]) -> float:
    """By how much the values rise in a second, as the straight line that fits them best does."""
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    return sum((a - middle) * (v - mean) for a, v in zip(times, values, strict=True)) / spread


def told(samples: list[Sample]) -> str:
    """The samples as a table of twenty lines, for whoever looks into a failure."""
    chosen = samples[:: max(1, len(samples) // 20)]
    lines = [
        f"{s.at - samples[0].at:7.1f} s  memory {s.memory / MIB:6.1f} MiB  files {s.files:4d}  "
        f"wal {s.wal / MIB:6.2f} MiB  database {s.database / MIB:6.2f} MiB"
        for s in chosen
    ]
    return "\n".join(lines)
