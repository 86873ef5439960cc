"""Waiting for what nobody signals: the state of another process, as the system or a query tells it."""

import time
from collections.abc import Awaitable, Callable

import anyio


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Returns when the condition holds. Raises TimeoutError after a generous while."""
    with anyio.fail_after(seconds):
        while not await condition():  # noqa: ASYNC110 - another process sets no event of ours
            await anyio.sleep(0.02)


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """`until` for tests without an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} seconds")
        time.sleep(0.02)
