"""Random sequences of requests, with restarts and SIGKILLs, held against an oracle in memory.

Several clients send, fetch and settle messages, work on runs and keep records, over the wire, at a real
daemon; every request is put once, or twice, or while the daemon is killed. The oracle knows what was
acknowledged, and so what must be there, what may be, and what must not. At the end of each example all
is brought to its end: mailboxes are emptied, runs worked off, histories and fates compared.

That this can fail was tried by breaking what it is to find, one thing at a time: answers before the
commit; cursors that are forgotten at a restart; verdicts and checkpoints with any lease; what is newest
handed out first; acked or recalled messages offered again; exhausted deliveries that never die; dead
letters lost in their replay; runs that are not recovered after a crash; a queue of runs whose next is
not let in; a change of a configuration that is made again by its repeat; a step without its change of
the context. The short profile has found each of them.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.daemons import DaemonProcess
from tests.model.bus_rules import BusRules
from tests.model.everything import Everything
from tests.model.letters import MAX_DELIVERIES
from tests.model.record_rules import RecordRules
from tests.model.run_rules import RunRules
from tests.model.scene import Scene

CONFIG = f"""
[delivery]
max_deliveries = {MAX_DELIVERIES}
backoff_seconds = 0.02
backoff_limit_seconds = 0.05
"""

BOUNDED = settings(
    max_examples=8,
    stateful_step_count=80,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
BRIEF = settings(BOUNDED, max_examples=4)
LONG = settings(BOUNDED, max_examples=60, stateful_step_count=150, derandomize=False)


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with (
        tempfile.TemporaryDirectory(prefix="bb-") as name,
        DaemonProcess(Path(name), settings=CONFIG) as process,
    ):
        yield process
        assert process.stop() == 0
        assert process.log() == ""


def hold(
    kind: type[Scene], daemon: DaemonProcess, profile: settings = BOUNDED, kills: int = 1
) -> None:
    few = {"daemon": daemon, "KILLS": kills, "SWARM": profile is LONG}
    machine = type(kind.__name__, (kind,), few)
    run_state_machine_as_test(machine, settings=profile)


@pytest.mark.timeout(300)
def test_messages(daemon: DaemonProcess) -> None:
    hold(BusRules, daemon)


@pytest.mark.timeout(300)
def test_runs(daemon: DaemonProcess) -> None:
    hold(RunRules, daemon)


@pytest.mark.timeout(300)
def test_records(daemon: DaemonProcess) -> None:
    hold(RecordRules, daemon, BRIEF)


@pytest.mark.timeout(300)
def test_everything_together(daemon: DaemonProcess) -> None:
    hold(Everything, daemon)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_thousands_of_steps_with_hundreds_of_kills(daemon: DaemonProcess) -> None:
    hold(Everything, daemon, LONG, kills=6)
