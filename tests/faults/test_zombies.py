"""A worker that is stopped past its lease, and comes back: it can write nothing."""

import signal
from pathlib import Path

import botbus
from tests.daemons import DaemonProcess
from tests.faults.drill import (
    RESULT,
    WorkerProcess,
    after_stop,
    begin_runs,
    counted,
    once_each,
    results,
)


def test_a_zombie_writes_nothing_and_is_well_again(tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    with (
        DaemonProcess(tmp_path) as daemon,
        WorkerProcess(daemon, effects, "within:1") as zombie,
    ):
        (run,) = begin_runs(daemon)
        zombie.expect("there")
        zombie.process.send_signal(signal.SIGSTOP)
        with WorkerProcess(daemon, effects) as other:
            assert results(daemon, [run]) == [RESULT]
            assert counted(effects, run) == after_stop("within:1")
            before = steps(daemon, run)
            zombie.process.send_signal(signal.SIGCONT)
            zombie.go_on()
            other.kill()
            (next_run,) = begin_runs(daemon)
            assert results(daemon, [next_run]) == [RESULT]  # by the one that came back
        assert steps(daemon, run) == before
        assert counted(effects, next_run) == once_each()


def steps(daemon: DaemonProcess, run: str) -> list[object]:
    with botbus.connect_sync("planner", url=daemon.url) as bus:
        return [bus.runs.get(run), *bus.runs.steps(run)]
