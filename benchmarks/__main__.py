"""`python -m benchmarks`: measures, prints the tables, and writes the JSON."""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.places import RESULTS
from benchmarks.report import tables
from benchmarks.run import Record, run
from benchmarks.sizes import FULL, QUICK, TINY, Sizes

LATEST = RESULTS / "latest.json"


def main() -> None:
    options = arguments()
    errors = Console(stderr=True)
    with errors.status("starting") as status:
        record = run(sizes(options), options.folder, status.update)
    write(record, options.output)
    console = Console(width=None if sys.stdout.isatty() else 110)
    for table in tables(record):
        console.print(table)
    console.print(f"{record.seconds:g} s; written to {options.output}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, about 30 s")
    parser.add_argument("--tiny", action="store_true", help="next to nothing, to see that it works")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--output", type=Path, default=LATEST, help="where the JSON goes")
    return parser.parse_args()


def sizes(options: argparse.Namespace) -> Sizes:
    if options.tiny:
        return TINY
    return QUICK if options.quick else FULL


def write(record: Record, path: Path) -> None:
    text = msgspec.json.format(msgspec.json.encode(record), indent=1)
    path.write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
