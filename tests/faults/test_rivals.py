"""Two workers claim the same hundred runs: each run is carried out by one of them."""

from pathlib import Path

from tests.daemons import DaemonProcess
from tests.faults.drill import (
    RESULT,
    WorkerProcess,
    begin_runs,
    counted,
    once_each,
    results,
)


def test_two_workers_and_a_hundred_runs(tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    with (
        DaemonProcess(tmp_path) as daemon,
        WorkerProcess(daemon, effects) as one,
        WorkerProcess(daemon, effects) as other,
    ):
        runs = begin_runs(daemon, 100)
        assert results(daemon, runs) == [RESULT] * 100
        pids = {str(one.process.pid), str(other.process.pid)}
    assert all(counted(effects, run) == once_each() for run in runs)
    assert {line.split()[2] for line in effects.read_text().splitlines()} == pids
