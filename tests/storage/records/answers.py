"""What a repository answers: a page of all there is, or a refusal."""

import pytest

from botbus_protocol.errors import Refused
from botbus_storage.reading.records.paging import Window

ALL = Window(limit=100)


async def refused(awaitable: object) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        await awaitable  # type: ignore[misc] # any method of a repository
    return caught.value.fault.code
