"""Where what becomes of a request arrives, and its task waits for it.

Under asyncio a promise is a plain future, which wakes its task in one step; elsewhere it is an event
with a place beside it. A promise never holds an exception: what went wrong is a result like any
other, for nobody may be waiting any more.
"""

from collections.abc import Generator
from typing import Any, Generic, Protocol, TypeVar

import anyio

T = TypeVar("T")


class Promise(Protocol[T]):
    """One task may await it; the result is set once."""

    def done(self) -> bool: ...
    def set_result(self, result: T, /) -> None: ...
    def __await__(self) -> Generator[Any, None, T]: ...


class EventPromise(Generic[T]):
    """A promise for event loops that have no futures."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._result: T

    def done(self) -> bool:
        return self._event.is_set()

    def set_result(self, result: T, /) -> None:
        self._result = result
        self._event.set()

    def __await__(self) -> Generator[Any, None, T]:
        yield from self._event.wait().__await__()
        return self._result


def keep(promise: Promise[T], result: T) -> None:
    """Sets the result, unless the task was cancelled that waited for it."""
    if not promise.done():
        promise.set_result(result)
