"""bench: a small load, measured on a daemon of its own."""

from pathlib import Path

from tests.cli.command import Botbus


def test_bench_measures_and_leaves_nothing(run: Botbus, folder: Path) -> None:
    done = run("bench", "--seconds", "0.1", "--dir", str(folder), "--json")
    assert (done.code, done.err) == (0, "")
    loads = [(figure["load"], figure["in_flight"]) for figure in done.objects]
    assert loads == [
        ("publish", 1),
        ("publish", 64),
        ("publish", 1024),
        ("publish to delivery", 1),
    ]
    assert all(figure["messages"] > 0 for figure in done.objects)
    assert all(0 < figure["p50_ms"] <= figure["p99_ms"] for figure in done.objects)
    assert list(folder.iterdir()) == []
