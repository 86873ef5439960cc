"""`botbus install-service`, judged by systemd's own tools where they are installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import Botbus

run = Botbus("ipc:///nobody")
MOST_EXPOSED = 2.0
"""Of 10, as systemd-analyze security counts."""


@pytest.mark.parametrize("options", [[], ["--user"]], ids=["system", "user"])
def test_the_unit_is_written_once_and_a_changed_one_is_kept(
    tmp_path: Path, options: list[str]
) -> None:
    command = ["install-service", *options, "--folder", str(tmp_path)]
    first = run(*command)
    assert first.code == 0, first.err
    path = tmp_path / "botbus.service"
    assert "Type=notify" in path.read_text()
    assert "@BOTBUS@" not in path.read_text()
    assert run(*command).code == 0
    path.write_text("mine")
    refused = run(*command)
    assert refused.code == 1
    assert "--force" in refused.err
    assert path.read_text() == "mine"
    assert run(*command, "--force").code == 0
    assert "Type=notify" in path.read_text()


def test_it_prints_without_writing(tmp_path: Path) -> None:
    done = run("install-service", "--print", "--folder", str(tmp_path))
    assert done.out.startswith("[Unit]")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named() -> None:
    done = run("install-service", "--folder", "/proc/none")
    assert done.code == 1
    assert "/proc/none/botbus.service" in done.err


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_the_unit_correct_and_safe(tmp_path: Path) -> None:
    run("install-service", "--folder", str(tmp_path))
    path = str(tmp_path / "botbus.service")
    verified = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", path],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", rated.stdout)
    assert found is not None
    assert float(found[1]) <= MOST_EXPOSED
