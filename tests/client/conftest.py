from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.peer import Peer


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def peer(folder: Path) -> Iterator[Peer]:
    peer = Peer(folder)
    peer.start()
    yield peer
    peer.stop()
