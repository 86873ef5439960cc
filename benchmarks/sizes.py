"""How much of everything a run does: quick, full, or tiny for the test of the benchmark itself."""

from msgspec import Struct


class Sizes(Struct, frozen=True, kw_only=True):
    """Counts of one round, unless said otherwise."""

    rounds: int
    commits: int
    """Commits of one row, and round trips of NNG."""
    rows: int
    """Rows in the larger batches of the floor."""
    singles: int
    """Messages sent, delivered or asked one at a time."""
    messages: int
    """Messages sent at once, and messages in the backlog that is consumed."""
    runs: int
    """Runs of a workflow, one after the other, and those of a peer."""
    runs_at_once: int
    """Runs of a workflow of which 16 are under way."""
    deliveries: int
    """Deliveries of a fan-out to connected subscribers, over all of them."""
    subscribers: tuple[int, ...]
    bots: int
    """Idle bots, once in a run."""
    quiet: float
    """Seconds for which the idle daemon is watched."""
    starts: int
    """Starts of a daemon, once in a run."""
    kills: int
    """Workers that are killed, once in a run."""
    interrupted: int
    """Runs in the database of a start after a crash."""
    large: int
    """Bytes of the large database, built once in a run; 0 for none."""
    stored: int
    """Messages that it is filled up to afterwards; 0 for no more."""
    listed: int
    """Tasks in the lists that are paged through; 0 for none."""


FULL = Sizes(
    rounds=5,
    commits=1_000,
    rows=32_000,
    singles=600,
    messages=32_000,
    runs=64,
    runs_at_once=1_600,
    deliveries=10_000,
    subscribers=(1, 10, 100),
    bots=2_000,
    quiet=10.0,
    starts=3,
    kills=10,
    interrupted=10_000,
    large=1_000_000_000,
    stored=10_000_000,
    listed=1_000_000,
)
QUICK = Sizes(
    rounds=1,
    commits=600,
    rows=16_000,
    singles=400,
    messages=10_000,
    runs=32,
    runs_at_once=800,
    deliveries=2_000,
    subscribers=(1, 10, 100),
    bots=500,
    quiet=2.0,
    starts=3,
    kills=3,
    interrupted=10_000,
    large=0,
    stored=0,
    listed=100_000,
)
TINY = Sizes(
    rounds=1,
    commits=5,
    rows=64,
    singles=5,
    messages=64,
    runs=2,
    runs_at_once=2,
    deliveries=10,
    subscribers=(1, 2),
    bots=4,
    quiet=0.1,
    starts=1,
    kills=1,
    interrupted=10,
    large=2_000_000,
    stored=60_000,
    listed=300,
)
