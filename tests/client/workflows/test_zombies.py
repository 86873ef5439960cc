"""A worker that was stopped past its lease between two steps: it asks before it begins the next one."""

import signal
from pathlib import Path

from tests.daemons import DaemonProcess
from tests.faults.drill import RESULT, WorkerProcess, begin_runs, counted, once_each, results


def test_what_is_somebody_elses_is_not_begun(tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    with (
        DaemonProcess(tmp_path) as daemon,
        WorkerProcess(daemon, effects, "before:1") as zombie,
    ):
        (run,) = begin_runs(daemon)
        zombie.expect("there")
        zombie.process.send_signal(signal.SIGSTOP)
        with WorkerProcess(daemon, effects) as other:
            assert results(daemon, [run]) == [RESULT]
            zombie.process.send_signal(signal.SIGCONT)
            zombie.go_on()
            other.kill()
            (next_run,) = begin_runs(daemon)
            assert results(daemon, [next_run]) == [RESULT]  # by the one that came back
    assert counted(effects, run) == once_each()
    assert counted(effects, next_run) == once_each()
