"""run show: a run drawn along its time, on a terminal of any width and without one."""

import os
import pty
import termios
from contextlib import suppress

import click
import pytest

import botbus
from tests.cli.command import Botbus
from tests.cli.playing import SECONDS, started, until


def test_a_run_is_drawn_along_its_time(run: Botbus, worker: botbus.SyncBus) -> None:
    name = started(run, '{"approve": 1}')
    until(run, name, "paused")
    shown = run("run", "show", name)
    head, steps = shown.out.split("\n\n")
    assert f"  key         {name}\n" in head
    assert "  status      paused\n              It waits for the approval of step 'publish'" in head
    assert "\x1b" not in shown.out
    tag, publish = steps.splitlines()
    assert tag.startswith("✓ tag ")
    assert tag.endswith("→ v0")
    assert publish.startswith("? publish ")
    assert "░" in publish
    assert publish.endswith("waits for approval: Publish v0? ⏎ Really?")
    assert all(len(line) <= 100 for line in steps.splitlines())
    full = run("run", "show", name, "--full").out
    assert "    waits for approval: Publish v0?\n    Really?\n" in full
    as_json = run("run", "show", name, "--json").object
    assert [step["step_id"] for step in as_json["steps"]] == ["tag", "publish"]
    assert as_json["why"].startswith("It waits for the approval")


@pytest.mark.parametrize("columns", [40, 79, 120])
def test_a_terminal_has_colours_and_its_width_is_kept(
    run: Botbus, worker: botbus.SyncBus, columns: int
) -> None:
    name = started(run, '{"approve": 1}')
    until(run, name, "paused")
    steps = on_a_terminal(run, columns, "run", "show", name).split("\n\n")[1].splitlines()
    assert all("\x1b[" in line for line in steps if line[:1] != " ")
    plain = [click.unstyle(line) for line in steps]
    assert max(map(len, plain)) <= columns
    assert any("░" in line for line in plain) == (columns >= 80)


def on_a_terminal(run: Botbus, columns: int, *words: str) -> str:
    """What the command shows on a terminal of that width."""
    master, terminal = pty.openpty()
    with os.fdopen(master, "rb", 0) as screen:
        termios.tcsetwinsize(terminal, (24, columns))
        with run.started(*words, stdout=terminal) as process:
            os.close(terminal)
            shown = b""
            with suppress(OSError):  # the terminal is gone with the process
                while part := screen.read(4096):
                    shown += part
            assert process.wait(SECONDS) == 0
    return shown.decode().replace("\r\n", "\n")
