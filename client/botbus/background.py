"""Tasks that live as long as the connection they belong to.

Invariant: an error of the body comes out as it is, never in a group; it ends the tasks.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import anyio
from anyio import get_cancelled_exc_class


class Background:
    """An async context manager; `start` is for whoever is inside."""

    def __init__(self) -> None:
        self._group = anyio.create_task_group()

    async def start(self, task: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        """Starts a task, and returns when it says that it is ready."""
        await self._group.start(task)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._group.cancel_scope.cancel()
        cancelled = get_cancelled_exc_class()
        if error is None:
            await self._group.__aexit__(None, None, None)
        elif isinstance(error, cancelled):
            await self._group.__aexit__(kind, error, trace)
        else:
            # The body's own error goes on; that the tasks were cancelled is no news.
            with suppress(cancelled):
                await self._group.__aexit__(None, None, None)
