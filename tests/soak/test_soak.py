"""Ten minutes of mixed load, or BOTBUS_SOAK_SECONDS of it: what the daemon holds levels off."""

import os
from pathlib import Path

import anyio
import pytest

from tests.daemons import DaemonProcess
from tests.soak.load import SETTINGS, Load
from tests.soak.samples import Sample, rises, sample, slope, told

SECONDS = float(os.environ.get("BOTBUS_SOAK_SECONDS", "600"))
SAMPLES = 240
ACTORS = 9


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 120)
async def test_what_a_daemon_holds_levels_off(folder: Path) -> None:
    with DaemonProcess(folder, settings=SETTINGS) as daemon:
        load = Load(daemon.url)
        samples = await loaded(load, daemon)
        print(told(samples), load.rounds, sep="\n")
        assert len(load.rounds) == ACTORS
        assert min(load.rounds.values()) > SECONDS
        assert not rises(samples), told(samples)
        assert daemon.stop() == 0
        assert daemon.log() == ""


async def loaded(load: Load, daemon: DaemonProcess) -> list[Sample]:
    """Samples of a daemon under load."""
    samples = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load.run)
        for _ in range(SAMPLES):
            await anyio.sleep(SECONDS / SAMPLES)
            samples.append(sample(daemon))
        tasks.cancel_scope.cancel()
    return samples


def test_a_leak_would_be_told() -> None:
    flat = [
        Sample(at=n, memory=50 << 20, files=40, wal=4 << 20, database=8 << 20) for n in range(90)
    ]
    assert rises(flat) == []
    leaking = [
        s._replace(memory=s.memory + (n << 17), files=s.files + n) for n, s in enumerate(flat)
    ]
    assert [sentence.split()[0] for sentence in rises(leaking)] == ["memory", "files"]
    early = [s._replace(database=min(n, 60) << 20) for n, s in enumerate(flat)]
    assert rises(early) == []


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
