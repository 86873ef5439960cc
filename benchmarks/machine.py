"""The machine a run was made on, in the words a reader needs to judge its figures."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe(folder: Path) -> dict[str, str | int]:
    """Cores, processor, versions, and the filesystem that holds the folder."""
    kind, device = filesystem(folder)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "pynng": _version("pynng"),
        "msgspec": _version("msgspec"),
        "uvloop": _version("uvloop"),
        "kernel": f"{platform.system()} {platform.release()}",
        "filesystem": f"{kind} on {device}",
        "load": f"{os.getloadavg()[0]:.2f} at the start",
    }


def filesystem(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> tuple[str, str]:
    """Type and device of the filesystem that holds the folder."""
    place = folder.resolve()
    found = ("unknown", "unknown")
    longest = -1
    for line in mounts.read_text().splitlines():
        device, point, kind, *_ = line.split()
        depth = len(Path(point).parts)
        if place.is_relative_to(point) and depth >= longest:
            found, longest = (kind, device), depth
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
