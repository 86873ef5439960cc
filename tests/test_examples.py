"""The examples: short, made of the public client alone, and they work."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import botbus
from tests.daemons import DaemonProcess

EXAMPLES = Path(__file__).parent.parent / "examples"
BOTS = ("archivist.py", "builder.py", "reviewer.py")


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
