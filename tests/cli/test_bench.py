"""bench: a small load, measured on a daemon of its own."""

from pathlib import Path

import pytest

from tests.cli.command import Botbus


def test_bench_measures_and_leaves_nothing(
    run: Botbus, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "botbus" / "botbus.toml"  # of another daemon, whose limits are its own
    settings.parent.mkdir()
    settings.write_text("[bot_limits]\nstored_bytes = 1\nsender_messages = 1\nconnections = 1\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
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
