"""`python -m tests.mutation [SUBJECT …]` tries all mutants; exits with 1 if a test misses one.

The sources are copied first, so the tree it is started in stays as it is.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.equivalents import EQUIVALENT
from tests.mutation.running import survivors_of
from tests.mutation.subjects import SUBJECTS

ROOT = Path(__file__).parents[2]


def main(names: list[str]) -> int:
    unknown = 0
    with tempfile.TemporaryDirectory(prefix="bb-mutation-") as name:
        copied(Path(name))
        for subject in names or SUBJECTS:
            unknown += told(subject, Path(name))
    return int(unknown > 0)


def copied(folder: Path) -> None:
    """Copies what is under version control, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    tar = ["tar", "--null", "--ignore-failed-read", "-T", "-", "-c"]
    packed = subprocess.run(
        tar, cwd=ROOT, input=listed.stdout, check=True, stdout=subprocess.PIPE
    ).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=packed, check=True)


def told(name: str, folder: Path) -> int:
    """Tries the mutants of a subject and tells of it; how many survived, but for known equivalents."""
    began = time.monotonic()
    count, survivors = survivors_of(name, SUBJECTS[name], folder)
    unknown = [mutant for mutant in survivors if mutant not in EQUIVALENT]
    known = len(survivors) - len(unknown)
    seconds = time.monotonic() - began
    noticed = count - len(survivors)
    print(
        f"{name}: {count} mutants, {noticed} noticed, {known} the same, {seconds:.0f} s", flush=True
    )
    for mutant in unknown:
        print(f"  survived:\n  - {mutant.was}\n  + {mutant.became}", flush=True)
    return len(unknown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
