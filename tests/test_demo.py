"""The demo runs to its end, leaves nothing behind, and fails when a claim does not hold."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_examples import EXAMPLES


def demo(examples: Path, temporary: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(examples / "demo.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONWARNINGS": "error"},
        timeout=55,
        check=False,
    )


def test_the_demo_holds_what_it_claims(folder: Path) -> None:
    done = demo(EXAMPLES, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for act in (
        "1. A bot asks another one, directly",
        "2. A channel reaches bots that do not run",
        "3. A bot is killed in the middle of its work",
        "4. The daemon is killed under load",
        "✓ it found every build acknowledged before the crash",
        "5. A worker is killed in the middle of a workflow",
        "✓ what was finished, the tag, was not done again",
        "Everything held, in ",
    ):
        assert act in done.stdout
    assert list(folder.iterdir()) == []
    assert processes_that_know(folder) == []


def test_the_demo_fails_when_a_claim_is_broken(folder: Path) -> None:
    """With an archivist that loses every second build."""
    examples = folder / "examples"
    shutil.copytree(EXAMPLES, examples)
    script = examples / "archivist.py"
    honest = "                archive(delivery.message)\n"
    forgetful = "                if delivery.message.seq % 2: archive(delivery.message)\n"
    assert honest in script.read_text()
    script.write_text(script.read_text().replace(honest, forgetful))
    done = demo(examples, folder)
    assert done.returncode == 1
    assert "✗ BROKEN: archivist got all three, in order" in done.stdout
    assert "Everything held" not in done.stdout
    assert [path.name for path in folder.iterdir()] == ["examples"]
    assert processes_that_know(folder) == []


def processes_that_know(folder: Path) -> list[str]:
    """Processes that were told of something in this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            told = str(folder).encode() in path.read_bytes()
        except OSError:
            continue
        if told:
            found.append(path.parent.name)
    return found
