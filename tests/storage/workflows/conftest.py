"""A scene on a real file with the shipped schema."""

import pytest

from botbus_storage.engine import SqliteEngine
from tests.storage.workflows.scene import Scene


@pytest.fixture
def scene(engine: SqliteEngine) -> Scene:
    return Scene(engine.connection)
