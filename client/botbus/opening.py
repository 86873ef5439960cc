"""What `connect` and `connect_sync` give: it is entered by `with`, and only then is there a bus.

Whoever forgets that is told how it is written, at the first thing he does with it.
"""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, TypeVar

T = TypeVar("T")


class Opening(AbstractAsyncContextManager[T]):
    """A bus to be: `async with botbus.connect(...) as bus:`."""

    def __init__(self, opening: AbstractAsyncContextManager[T]) -> None:
        self._opening = opening

    async def __aenter__(self) -> T:
        return await self._opening.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._opening.__aexit__(kind, error, trace)

    if not TYPE_CHECKING:  # a type checker says it better

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(_forgotten("async with botbus.connect(...) as bus:", name))

        def __await__(self) -> NoReturn:
            raise TypeError(
                "connect is not awaited: write `async with botbus.connect(...) as bus:`"
            )


class SyncOpening(AbstractContextManager[T]):
    """A bus to be: `with botbus.connect_sync(...) as bus:`."""

    def __init__(self, opening: AbstractContextManager[T]) -> None:
        self._opening = opening

    def __enter__(self) -> T:
        return self._opening.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._opening.__exit__(kind, error, trace)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(_forgotten("with botbus.connect_sync(...) as bus:", name))


def _forgotten(how: str, name: str) -> str:
    return f"this is no bus yet, and has no {name}: write `{how}` and use bus inside"
