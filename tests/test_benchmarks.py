"""The benchmark runs, cleans up, and says what it measured. What the figures are is not tested."""

import asyncio
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from benchmarks import page, parts, peers, report
from benchmarks.bodies import BYTES, TEXT, body, sent_at
from benchmarks.figures import Figures, latencies, quotient, unit
from benchmarks.machine import filesystem
from benchmarks.run import Record
from benchmarks.sizes import TINY
from benchmarks.targets import TARGETS, judge
from rich.console import Console

OURS = {
    "floor.direct.1.p50",
    "floor.direct.64.rate",
    "floor.direct.64.shared.rate",
    "floor.direct.512.rate",
    "floor.direct.1024.rate",
    "floor.channel.64.rate",
    "floor.channel.1024.rate",
    "nng.p50",
    "send.1.p50",
    "send.1.p99",
    "send.64.rate",
    "send.1024.rate",
    "publish.64.rate",
    "publish.1024.rate",
    "delivery.p50",
    "delivery.p99",
    "ask.p50",
    "consume.rate",
    "absent.0.rate",
    "absent.2.rate",
    "listening.2.rate",
    "idle.after.rss",
    "idle.quiet.busy",
    "start.empty.ready",
    "floor.steps.1.rate",
    "floor.steps.16.rate",
    "steps.1.rate",
    "steps.16.rate",
    "steps.256.rate",
    "batch.512.rate",
    "large.send.64.rate",
    "body.200000.rate",
    "connections.64.rate",
    "stored.send.64.rate",
    "stored.history.p50",
    "listed.tasks.p50",
    "takeover.p50",
    "start.runs.ready",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, str, Path]:
    """A run with next to nothing to do: its record, what it printed, and where it wrote."""
    folder = tmp_path_factory.mktemp("disk")
    output = tmp_path_factory.mktemp("results") / "latest.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--tiny"),
            *("--folder", str(folder), "--output", str(output)),
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(output.read_bytes(), type=Record), done.stdout, folder


@pytest.mark.long
def test_a_run_measures_everything(run: tuple[Record, str, Path]) -> None:
    record, _, _ = run
    assert set(record.figures) >= OURS
    for name, figure in record.figures.items():
        assert figure.median >= 0
        assert figure.unit == unit(name)
        assert len(figure.rounds) == (TINY.starts if name.startswith("start.") else TINY.rounds)
    for name in OURS - {"idle.quiet.busy"}:
        assert record.figures[name].median > 0, name


@pytest.mark.long
def test_a_run_describes_the_machine_and_names_each_target(run: tuple[Record, str, Path]) -> None:
    record, printed, _ = run
    assert record.machine.keys() >= {"cores", "processor", "python", "sqlite", "kernel"}
    assert [verdict.title for verdict in record.targets] == [target.title for target in TARGETS]
    assert "publish to delivery, p50" in printed
    assert "Targets" in printed


@pytest.mark.long
def test_a_run_leaves_nothing_behind(run: tuple[Record, str, Path]) -> None:
    _, _, folder = run
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
@pytest.mark.long
def test_a_peer_that_is_installed_is_measured(run: tuple[Record, str, Path]) -> None:
    record, _, _ = run
    assert record.peers["redis"] is not None
    for name in ("1.p50", "64.rate", "1024.rate", "delivery.p50"):
        assert record.figures[f"redis.{name}"].median > 0


@pytest.mark.long
def test_a_peer_that_is_not_installed_is_said_to_be_so(
    run: tuple[Record, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "path", [])
    assert [peer.find() for peer in peers.ALL] == [None] * len(peers.ALL)
    record, _, _ = run
    ours = {name: f for name, f in record.figures.items() if not name.startswith("redis.")}
    without = msgspec.structs.replace(record, peers=dict.fromkeys(record.peers), figures=ours)
    console = Console(width=200, file=io.StringIO(), record=True)
    for table in report.tables(without):
        console.print(table)
    assert "not installed" in console.export_text()


def test_figures_are_medians_and_targets_are_judged_by_them() -> None:
    figures = Figures()
    for floor, sent in ((100, 10), (200, 160), (50, 25)):  # 0.1, 0.8, 0.5
        figures.add({"floor.direct.64.rate": floor, "send.64.rate": sent})
    verdicts = {verdict.title: verdict for verdict in judge(figures)}
    reached = verdicts["64 in flight / floor at 64 rows a commit"]
    assert (reached.value, reached.met) == (0.5, True)
    unknown = verdicts["publish to delivery, p50"]
    assert (unknown.value, unknown.met) == (None, None)
    assert report.judgement(unknown) == "not measured"


def test_quotients_are_taken_round_by_round() -> None:
    assert quotient([10, 160, 25], [100, 200, 50]) == 0.5
    assert quotient([10, 160, 25], [100]) == 0.25  # but of what was measured once


def test_a_missed_target_says_by_how_much() -> None:
    figures = Figures()
    figures.add({"delivery.p50": 1500})
    (late,) = (v for v in judge(figures) if v.title == "publish to delivery, p50")
    assert late.met is False
    assert "missed by 50%" in report.judgement(late)


def test_percentiles_are_in_microseconds() -> None:
    assert latencies(range(1000, 101_000, 1000)) == {"p50": 51.0, "p99": 100.0}


def test_bodies_have_200_bytes_and_carry_their_moment() -> None:
    assert len(TEXT) == BYTES
    for moment in (0, 123_456_789, 10**17):
        content = body(moment)
        assert len(json.dumps(content, separators=(",", ":"))) == BYTES
        assert sent_at(content) == moment


def test_the_filesystem_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\n/dev/b {tmp_path} xfs rw 0 0\ntmpfs /none tmpfs rw\n")
    assert filesystem(tmp_path / "database", mounts) == ("xfs", "/dev/b")
    assert filesystem(Path("/"), mounts) == ("ext4", "/dev/a")


def test_the_page_shows_the_reference_run() -> None:
    assert page.written() == page.render(), "python -m benchmarks.page"


def test_the_parts_of_a_message_make_up_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "ROUNDS", 2)
    costs = asyncio.run(parts.costs(tmp_path, 8))
    whole = costs.pop("all of it")
    assert whole == pytest.approx(sum(costs.values()))
    assert costs["COMMIT"] > 0
