"""What crashes cost: a worker that is killed in the middle of a step, and a daemon that starts on
thousands of runs whose workers are gone.
"""

from benchmarks.acts import stepping
from benchmarks.bodies import now
from benchmarks.daemons import Daemon, serving
from benchmarks.figures import Measured, latencies
from benchmarks.players import Player, player
from benchmarks.runs import write_runs
from benchmarks.stage import Stage


def kills(stage: Stage) -> Measured:
    """From the kill of a worker to the moment at which its run's step begins at another."""
    with stage.daemon() as daemon:
        took = [kill(daemon, stage.second, f"run-{n}") for n in range(stage.sizes.kills)]
    return {"takeover.p50": latencies(took)["p50"]}


def kill(daemon: Daemon, survivor: Player, key: str) -> int:
    """Nanoseconds of one such kill. Raises Silence if nobody takes over."""
    with player() as victim:
        victim.begin(stepping.begin_and_hang, daemon.url, key)
        survivor.begin(stepping.take_over, daemon.url, key)
        killed = now()
        victim.kill()
        return int(survivor.finish()["begin"]) - killed


def start_on_runs(stage: Stage) -> Measured:
    """A start on a new database that is full of interrupted runs."""
    with stage.places.room() as room:
        write_runs(room / "runs.db", stage.sizes.interrupted)
        with serving(room / "runs.db", stage.places.socket()) as daemon:
            return {"start.runs.ready": daemon.ready_seconds * 1e3}
