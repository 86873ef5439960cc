from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.client.peer import Peer


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: the name of a socket has at most 107 characters."""
    with TemporaryDirectory(prefix="bb-") as name:
        yield Path(name)


@pytest.fixture
def peer(folder: Path) -> Iterator[Peer]:
    peer = Peer(folder)
    peer.start()
    yield peer
    peer.stop()
