"""Fixtures of the migration tests: an empty folder of migrations and a database beside it."""

from pathlib import Path

import pytest

from tests.migrations.databases import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder to put migrations in, and the database they are for."""
    (tmp_path / "set").mkdir()
    return Bench(tmp_path / "bot.db", tmp_path / "set")
