"""How a run is drawn: on any width, with whatever was written into it."""

import re
from typing import Any

import click
import pytest

from botbus_cli.run_timeline import Frame, run_lines
from botbus_cli.spans import span_text
from botbus_protocol.records import Run, Step, Wait

RUN: dict[str, Any] = {
    "seq": 1,
    "id": "01936f5e-7d0c-7c3a-9b8e-0123456789ab",
    "workflow_id": "01936f5e-7d0c-7c3a-9b8e-0123456789aa",
    "workflow": "release",
    "version": "1.0.0",
    "status": "completed",
    "created_at": "2026-01-31T09:00:00.000000Z",
    "started_at": "2026-01-31T09:00:00.000000Z",
    "completed_at": "2026-01-31T09:00:08.000000Z",
    "started_by": "planner",
}


def step(number: int, begun: float, ended: float | None, **fields: Any) -> Step:
    known: dict[str, Any] = {
        "seq": number,
        "id": RUN["id"],
        "run_id": RUN["id"],
        "step_id": f"step-{number}",
        "name": "",
        "status": "completed",
        "started_at": f"2026-01-31T09:00:{begun:09.6f}Z",
        "completed_at": None if ended is None else f"2026-01-31T09:00:{ended:09.6f}Z",
    }
    return Step(**known | fields)


def drawn(run: Run, *steps: Step, width: int = 100, full: bool = False) -> list[str]:
    lines = list(run_lines(run, steps, None, Frame(width, full)))
    return [click.unstyle(line) for line in lines]


def test_bars_lie_where_the_time_was_spent() -> None:
    lines = drawn(Run(**RUN), step(1, 0, 4), step(2, 4, 8), step(3, 2, 6))[-3:]
    found = [re.search("█+", line) for line in lines]
    spans = [(bar.start(), bar.end() - bar.start()) for bar in found if bar]
    first = spans[0][0]
    assert spans == [(first, 12), (first + 12, 12), (first + 6, 12)]


def test_the_shortest_step_is_seen() -> None:
    lines = drawn(Run(**RUN), step(1, 0, 0.000001), step(2, 7.999999, 8))
    assert [line.count("█") for line in lines[-2:]] == [1, 1]


@pytest.mark.parametrize("width", [1, 20, 40, 60, 79, 80, 100, 200])
def test_whatever_was_written_stays_in_its_line(width: int) -> None:
    long = "x" * 5000 + "\n\x1b[2J"
    run = Run(**RUN | {"input": {"text": long}, "error": long, "status": "failed"})
    steps = [
        step(1, 0, 1, output={"text": long}),
        step(2, 1, 2, status="failed", error=long, step_id=long, attempt=3, final=True),
        step(3, 2, None, status="running"),
    ]
    lines = drawn(run, *steps, width=width)
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= max(width, 45)


def test_nothing_is_cut_if_all_is_asked_for() -> None:
    long = "y" * 5000
    lines = drawn(Run(**RUN | {"result": long}), step(1, 0, 1, output=long), full=True)
    assert f"  result      {long}" in lines
    assert f"    → {long}" in lines


def test_each_state_of_a_step_is_told() -> None:
    waits = [
        Wait(step_id="nap", kind="sleep", due_at="2026-01-31T10:00:00.000000Z"),
        Wait(step_id="mail", kind="message", channel="builds"),
        Wait(step_id="child", kind="child", child=RUN["id"]),
        Wait(step_id="ask", kind="approval"),
    ]
    steps = [
        step(1, 0, None, status="running", step_id="nap"),
        step(2, 0, None, status="running", step_id="mail"),
        step(3, 0, None, status="running", step_id="child"),
        step(4, 0, None, status="waiting_approval", step_id="ask", input={"prompt": "Go?"}),
        step(5, 0, None, status="running"),
        step(6, 0, 1, status="skipped"),
        step(7, 0, 1, status="failed", error="oh"),
        step(8, 0, 1, status="failed", error="oh", final=True, superseded=True, attempt=2),
    ]
    run = Run(**RUN | {"status": "paused", "completed_at": None, "waits": waits})
    lines = [re.sub(r" {2,}|[█░]+", "|", line) for line in drawn(run, *steps, width=150)[-8:]]
    ends = [line.rsplit("|", 1)[1] for line in lines]
    assert ends == [
        "sleeps until 2026-01-31 10:00:00 UTC",
        "waits for a message",
        f"waits for run {RUN['id']}",
        "waits for approval: Go?",
        "running",
        "skipped",
        "failed: oh",
        "(counts no more) failed for good: oh",
    ]
    assert [line[0] for line in lines] == ["▶", "▶", "▶", "?", "▶", "–", "✗", "✗"]
    assert lines[-1].startswith("✗ step-8 (2)")


def test_a_run_that_was_never_claimed_has_no_time() -> None:
    waiting = Run(**RUN | {"status": "pending", "started_at": None, "completed_at": None})
    lines = list(run_lines(waiting, [], "No worker.", Frame(80)))
    assert lines[:4] == [
        f"run {RUN['id']}",
        "  workflow    release 1.0.0",
        "  status      pending" if "\x1b" not in lines[2] else lines[2],
        "              No worker.",
    ]
    assert not any(line.startswith("  took") for line in lines)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.0421, "42 ms"),
        (0.9999, "1.0 s"),
        (1.24, "1.2 s"),
        (59.97, "1m00s"),
        (75.2, "1m15s"),
        (3599.6, "1h00m"),
        (7380, "2h03m"),
        (86_400 * 3 + 3600 * 4.9, "3d04h"),
    ],
)
def test_a_span_is_short(seconds: float | None, text: str) -> None:
    assert span_text(seconds) == text
