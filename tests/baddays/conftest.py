"""The shim, built once, and a daemon that is under it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.baddays.faults import FaultyDaemon, build


@pytest.fixture(scope="package")
def shim() -> Iterator[Path]:
    """The library that makes a daemon's disk and clock fail."""
    with tempfile.TemporaryDirectory(prefix="bb-") as name:
        yield build(Path(name))


@pytest.fixture
def faulty(folder: Path, shim: Path) -> Iterator[FaultyDaemon]:
    """A running daemon, with which all is well so far."""
    with FaultyDaemon(folder, shim) as daemon:
        yield daemon


@pytest.fixture
def anyio_backend() -> str:
    """The daemon's own side runs on asyncio alone."""
    return "asyncio"
