"""stats and top: the daemon's figures, for people and for programs."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import botbus
from tests.cli.command import Botbus


def test_stats_as_json_is_every_field(run: Botbus, planner: botbus.SyncBus) -> None:
    sent = planner.send("stats-target", 1)
    told = run("stats", "--json", "--mailboxes", "1000").object
    assert told["traffic"]["requests"]["send"] >= 1
    assert told["commits"]["p99_seconds"] > 0
    assert told["unwell"] is None
    assert told["runs_held"] == 0
    (box,) = [box for box in told["backlog"]["mailboxes"] if box["bot"] == "stats-target"]
    assert box == {
        "bot": "stats-target",
        "pending": 1,
        "oldest_at": sent.timestamp,
        "in_flight": 0,
        "connections": 0,
    }


def test_stats_for_people_are_tables(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.send("stats-table", 1)
    done = run("stats", "--mailboxes", "1000")
    assert (done.code, done.err) == (0, "")
    figures = dict(line.split("  ", 1) for line in done.out.split("\n\n")[0].splitlines())
    assert figures["health"].strip() == "well"
    assert "p99" in figures["commit time"]
    assert "p99" in figures["sync time"]
    assert any(line.startswith("stats-table ") for line in done.out.splitlines())
    assert any(line.split() == ["request", "count"] for line in done.out.splitlines())


def test_the_client_gets_them_blocking_too(planner: botbus.SyncBus) -> None:
    before = planner.stats(mailboxes=1)
    planner.send("stats-blocking", 1)
    assert planner.stats().traffic.messages > before.traffic.messages
    assert len(before.backlog.mailboxes) <= 1


def test_top_tells_rates_line_by_line(run: Botbus, planner: botbus.SyncBus) -> None:
    with run.started("top", "--json", "--interval", "0.3") as watching:
        assert watching.stdout is not None
        json.loads(watching.stdout.readline())
        for number in range(20):
            planner.send("top-target", number)
        readings = [json.loads(watching.stdout.readline()) for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
        assert watching.stderr is not None
        assert watching.stderr.read() == ""
    assert max(reading["rates"]["messages"] for reading in readings) > 0
    assert max(reading["rates"]["by_operation"].get("send", 0) for reading in readings) > 0
    seconds = readings[0]["rates"]["seconds"]
    assert 0.2 < seconds < 5


def test_top_once_in_a_pipe_is_plain(run: Botbus) -> None:
    done = run("top", "--once", "--interval", "0.1")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert "health" in done.out
    assert "/s)" in done.out
    assert run("top", "--once", "--json", "--interval", "0.1").object["figures"]["pid"] > 0


def test_top_on_a_terminal_gives_the_screen_back(run: Botbus) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        run._command(("top", "--interval", "0.1")),
        stdout=theirs,
        stderr=theirs,
        env=run._env() | {"TERM": "xterm"},
    )
    os.close(theirs)
    with process:
        seen = _read_until(ours, b"health")
        assert b"\x1b[?1049h" in seen, "another screen than that of the shell"
        process.send_signal(signal.SIGINT)
        seen = _read_until(ours, b"\x1b[?1049l")
        assert b"Traceback" not in seen
        assert process.wait(10) == 0
    os.close(ours)


def _read_until(terminal: int, wanted: bytes, seconds: float = 20.0) -> bytes:
    deadline, seen = time.monotonic() + seconds, b""
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], deadline - time.monotonic())
        assert ready, f"{wanted!r} did not come: {seen!r}"
        seen += os.read(terminal, 65536)
    return seen


def test_without_a_daemon_there_are_no_figures() -> None:
    nowhere = Botbus("ipc:///tmp/botbus-no-such-folder/bus.sock")
    for command in ("stats", "top"):
        done = nowhere(command)
        assert done.code == 3
        assert done.err.startswith("botbus: unavailable: ")
