"""The guided fuzzer has its time at the codec: two minutes, or BOTBUS_FUZZ_SECONDS of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import frames
from tests.fuzz.gathering import gathered

SECONDS = int(os.environ.get("BOTBUS_FUZZ_SECONDS", "120"))


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 120)
def test_nothing_is_found_by_following_what_is_reached(folder: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not there: pip install 'botbus[fuzz]'")
    for number, draft in enumerate(gathered(frames.drafts, 400)):
        (folder / "corpus").mkdir(exist_ok=True)
        (folder / "corpus" / str(number)).write_bytes(draft.written({}))
    told = fuzzed(folder)
    tried, reached = figures(told)
    assert tried > 500 * SECONDS, told
    assert reached[-1] > reached[0], "nothing new was reached: is the protocol instrumented?"


def fuzzed(folder: Path) -> str:
    """Runs the fuzzer in a folder with a corpus; what it told."""
    options = ["-max_len=4096", "-print_final_stats=1", f"-max_total_time={SECONDS}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", "corpus", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 60,
    )
    crashes = [crash.read_bytes() for crash in folder.glob("crash-*")]
    assert done.returncode == 0, f"{crashes}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stderr


def figures(told: str) -> tuple[int, list[int]]:
    """How many frames were tried, and how much of the code was reached as time went by."""
    (tried,) = re.findall(r"number_of_executed_units: (\d+)", told)
    return int(tried), [int(found) for found in re.findall(r"cov: (\d+)", told)]
