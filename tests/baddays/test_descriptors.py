"""The daemon has no descriptor left: who is there is served, who comes is turned away for now."""

import contextlib
import shutil
from pathlib import Path

import pytest

from tests.baddays.raw import connected, is_served
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.waiting import eventually

LIMIT = 64


class Narrow(DaemonProcess):
    """A daemon that may open few files."""

    def command(self) -> list[str]:
        return ["prlimit", f"--nofile={LIMIT}:{LIMIT}", *super().command()]


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="there is no prlimit")
def test_who_is_there_goes_on_and_who_comes_waits(folder: Path) -> None:
    with Narrow(folder) as daemon, Plain(daemon, "early") as early:
        early.send("early", "before")
        with contextlib.ExitStack() as crowd:
            served = [is_served(crowd.enter_context(connected(daemon))) for _ in range(LIMIT + 10)]
            assert served.count(True) > LIMIT // 2
            assert not any(served[-10:])
            for number in range(300):
                early.send("early", "x" * 4000)
                if number % 50 == 0:
                    (delivery,) = early.fetch(max=1)
                    early.settle("ack", delivery)
            early.ok("history", between=["early", "early"], limit=100)
        eventually(lambda: newcomer_is_served(daemon))
        with Plain(daemon, "late") as late:
            late.send("early", "late")
        assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()


def newcomer_is_served(daemon: DaemonProcess) -> bool:
    with connected(daemon) as raw:
        return is_served(raw)
