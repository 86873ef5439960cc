"""An engine whose time the test sets."""

import pytest

from botbus_storage.engine import SqliteEngine
from tests.storage.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(engine: SqliteEngine, clock: Clock) -> SqliteEngine:
    return SqliteEngine(engine.connection, clock)
