"""What the tests of this folder start with."""

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import save


@pytest.fixture
def flow(bots: Bots) -> tuple[Plain, Json]:
    """A worker and a workflow of its own."""
    worker = bots("worker")
    return worker, save(worker)
