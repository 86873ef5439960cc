"""Fixtures that every test may use."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder with a short path: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bb-") as name:
        yield Path(name)


@pytest.fixture
def daemon(folder: Path) -> Iterator[DaemonProcess]:
    """A running daemon."""
    with DaemonProcess(folder) as process:
        yield process
