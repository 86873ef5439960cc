"""What is iterated over with `async for` on the bus, blocking."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from botbus.blocking import Portal
from botbus.configurations import Watching
from botbus.listening import Listening, Tailing

T = TypeVar("T")


class SyncStream(Generic[T]):
    """Blocks for each thing that a `Listening`, `Tailing` or `Watching` yields."""

    def __init__(
        self,
        original: Listening | Tailing | Watching,
        portal: Portal,
        wrap: Callable[[Any, Portal], T],
    ) -> None:
        self._original = original
        self._portal = portal
        self._wrap = wrap

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            value = self._portal.run(self._original.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None
        return self._wrap(value, self._portal)

    def close(self) -> None:
        self._portal.run(self._original.aclose)
