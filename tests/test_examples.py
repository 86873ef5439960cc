"""The examples: short, made of the public client alone, and they work."""

import ast
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import botbus
from tests.daemons import DaemonProcess

EXAMPLES = Path(__file__).parent.parent / "examples"
BOTS = (
    "archivist.py",
    "biller.py",
    "builder.py",
    "maintainer.py",
    "releaser.py",
    "reviewer.py",
)


@contextmanager
def bot(daemon: DaemonProcess, file: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / file), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "BOTBUS_URL": daemon.url, "PYTHONWARNINGS": "error"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("file", BOTS)
def test_a_bot_is_short_and_knows_only_the_client(file: str) -> None:
    source = (EXAMPLES / file).read_text()
    assert source.count("\n") < 60
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    assert found - sys.stdlib_module_names == {"botbus"}


def test_reviewer_builder_and_archivist_play_together(daemon: DaemonProcess) -> None:
    with bot(daemon, "reviewer.py") as reviewer:
        assert reviewer.stdout is not None
        assert reviewer.stdout.readline() == "ready\n"
        with bot(daemon, "builder.py", "2") as builder:
            said, _ = builder.communicate(timeout=20)
        assert builder.returncode == 0, said
        announced = [line.split(": ")[1] for line in said.splitlines()]
        assert len(announced) == 2
        reviewer.send_signal(signal.SIGINT)
        reviews = reviewer.stdout.read().splitlines()
        assert reviews == [f"reviews 'change {n}', attempt 1" for n in (1, 2)]
        assert reviewer.wait(10) == 0
    for expected in (announced, []):
        with bot(daemon, "archivist.py") as archivist:
            archived, _ = archivist.communicate(timeout=20)
        assert archivist.returncode == 0, archived
        assert [line.split(": ")[1] for line in archived.splitlines()] == expected


def test_the_reviewer_lays_aside_what_it_cannot_review(daemon: DaemonProcess) -> None:
    with (
        botbus.connect_sync("planner", url=daemon.url) as bus,
        bot(daemon, "reviewer.py") as reviewer,
    ):
        bus.send("reviewer", "look at this, please")
        answer = bus.ask("reviewer", {"change": "#12"}, timeout=20)
        assert answer.body == {"change": "#12", "approved": True}
        (letter,) = bus.dead("reviewer")
        assert letter.reason.startswith("nothing to review")
        reviewer.send_signal(signal.SIGINT)
        assert reviewer.wait(10) == 0


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip()


def test_a_release_goes_on_where_its_bot_died(daemon: DaemonProcess) -> None:
    with bot(daemon, "releaser.py", "--slow") as slow:
        assert line_of(slow) == "ready"
        with bot(daemon, "releaser.py", "1.2") as customer, ExitStack() as later:
            # The quick one comes later: it would take the release before the slow one has it.
            assert [line_of(slow) for _ in range(2)] == ["tags v1.2", "builds v1.2"]
            quick = later.enter_context(bot(daemon, "releaser.py"))
            assert line_of(quick) == "ready"
            slow.kill()
            assert line_of(quick) == "builds v1.2"
            with bot(daemon, "maintainer.py") as maintainer:
                assert line_of(maintainer) == "ready"
                assert line_of(maintainer) == "says yes to 'Publish v1.2.tar.gz?'"
                said, _ = customer.communicate(timeout=20)
            result = "is out: {'published': 'v1.2.tar.gz', 'by': 'maintainer'}"
            assert said.splitlines()[1] == result
            assert ask_for_release(daemon, "1.2") == result
            with bot(daemon, "maintainer.py", "no"):
                kept = "is out: {'kept': 'v1.3.tar.gz', 'because': 'the maintainer says no'}"
                assert ask_for_release(daemon, "1.3") == kept
            quick.send_signal(signal.SIGINT)
            assert quick.wait(10) == 0
    with botbus.connect_sync("watcher", url=daemon.url) as bus:
        assert [m.body["change"] for m in bus.history(channel="builds")] == ["v1.2"]


def ask_for_release(daemon: DaemonProcess, version: str) -> str:
    with bot(daemon, "releaser.py", version) as customer:
        said, _ = customer.communicate(timeout=20)
    assert customer.returncode == 0, said
    return said.splitlines()[1]


def test_each_order_is_billed_once_whenever_the_biller_dies(daemon: DaemonProcess) -> None:
    orders = list(range(8))
    dice = random.Random(7)
    with botbus.connect_sync("shop", url=daemon.url) as bus:
        bus.create_channel("invoices")
        for order in orders:
            bus.send("biller", {"order": order, "price": 100})
        kills = 0
        while len(bus.history(channel="invoices")) < len(orders):
            with bot(daemon, "biller.py", "0.02") as biller:
                assert line_of(biller) == "ready"
                time.sleep(dice.uniform(0.0, 0.15))
                biller.kill()
                kills += 1
        invoices = bus.history(channel="invoices", limit=100)
        assert sorted(invoice.body["order"] for invoice in invoices) == orders
        runs = bus.runs.list("order", limit=100)
        assert {run.status for run in runs} == {"completed"}
        assert len(runs) == len(orders)
        assert bus.dead("biller") == []
    assert kills > 3
