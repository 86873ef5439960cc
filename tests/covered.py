"""The branches that the tests take, by room: `python -m tests.covered`, after `coverage combine`.

Exits with 1 if a room has less than its share, and names the files where most is missing.
"""

import json
import subprocess
import sys
from typing import Any

ROOMS = ("protocol", "storage", "daemon")
LEAST = 90.0
"""Per cent of the branches of each room."""
WORST = 8


def main() -> int:
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    files: dict[str, Any] = json.loads(told.stdout)["files"]
    print("| room | lines | of them run | branches | of them taken |\n|---|---|---|---|---|")
    shares = [share_of(room, files) for room in ROOMS]
    print("\nMost is missing in:")
    for name in sorted(files, key=lambda name: missing(files[name]), reverse=True)[:WORST]:
        print(f"  {missing(files[name]):4d} branches  {name}")
    return int(min(shares) < LEAST)


def share_of(room: str, files: dict[str, Any]) -> float:
    """The share of the branches of a room that are taken, in per cent; prints its line."""
    figures = [file["summary"] for name, file in files.items() if name.startswith(f"{room}/")]
    lines, run = total(figures, "num_statements"), total(figures, "covered_lines")
    branches, taken = total(figures, "num_branches"), total(figures, "covered_branches")
    share = 100.0 * taken / branches
    print(f"| {room} | {lines} | {100.0 * run / lines:.1f} % | {branches} | {share:.1f} % |")
    return share


def total(figures: list[dict[str, int]], name: str) -> int:
    return sum(figure[name] for figure in figures)


def missing(file: dict[str, Any]) -> int:
    found: int = file["summary"]["missing_branches"]
    return found


if __name__ == "__main__":
    sys.exit(main())
