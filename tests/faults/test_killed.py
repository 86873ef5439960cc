"""SIGKILL of the worker, of the daemon, and of both, at each step boundary and within each step."""

from pathlib import Path

import pytest

from tests.daemons import DaemonProcess
from tests.faults.drill import RESULT, WorkerProcess, after_stop, begin_runs, counted, results
from tests.faults.worker import POINTS

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("point", POINTS)
def test_another_worker_goes_on_where_the_killed_one_was(tmp_path: Path, point: str) -> None:
    effects = tmp_path / "effects"
    with DaemonProcess(tmp_path) as daemon, WorkerProcess(daemon, effects, point) as first:
        (run,) = begin_runs(daemon)
        first.expect("there")
        first.kill()
        with WorkerProcess(daemon, effects):
            assert results(daemon, [run]) == [RESULT]
    assert counted(effects, run) == after_stop(point)


@pytest.mark.parametrize("point", POINTS)
def test_the_worker_goes_on_after_the_daemon_was_killed(tmp_path: Path, point: str) -> None:
    effects = tmp_path / "effects"
    with DaemonProcess(tmp_path) as daemon, WorkerProcess(daemon, effects, point) as worker:
        (run,) = begin_runs(daemon)
        worker.expect("there")
        daemon.kill()
        daemon.start()
        worker.go_on()
        assert results(daemon, [run]) == [RESULT]
    found = counted(effects, run)
    number = point.partition(":")[2]
    found[f"end:{number}"] -= point.startswith("within")  # the first attempt went to its end, too
    assert found == after_stop(point)


@pytest.mark.parametrize(
    "point",
    [
        point if point in {"within:1", "before:2"} else pytest.param(point, marks=pytest.mark.long)
        for point in POINTS
    ],
)
def test_both_killed_at_once(tmp_path: Path, point: str) -> None:
    effects = tmp_path / "effects"
    with DaemonProcess(tmp_path) as daemon, WorkerProcess(daemon, effects, point) as first:
        (run,) = begin_runs(daemon)
        first.expect("there")
        daemon.kill()
        first.kill()
        daemon.start()
        with WorkerProcess(daemon, effects):
            assert results(daemon, [run]) == [RESULT]
    assert counted(effects, run) == after_stop(point)
