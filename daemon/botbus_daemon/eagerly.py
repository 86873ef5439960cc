"""Coroutines that begin at once, and become tasks only if they have to wait.

Most frames are planned from memory. For them a task, and the turn of the loop before it begins, would
cost more than what they do. Until it waits for the first time such a coroutine runs in no task: it may
await whatever it likes, but `asyncio.timeout` wants a task around it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

from botbus_daemon.current import CURRENT, Request

T = TypeVar("T")


def begin(
    work: Coroutine[Any, Any, T], then: Callable[[T], None], request: Request | None = None
) -> "asyncio.Task[None] | None":
    """Runs a coroutine, then calls `then` with its result; a task if that is not done by now.

    All of that is for the request, if there is one: it is the current one meanwhile.
    """
    before, CURRENT.request = CURRENT.request, request
    try:
        awaited = work.send(None)
    except StopIteration as end:
        then(end.value)
        return None
    finally:
        CURRENT.request = before
    return asyncio.get_running_loop().create_task(_end(work, awaited, then, request))


async def _end(
    work: Coroutine[Any, Any, T], awaited: Any, then: Callable[[T], None], request: Request | None
) -> None:
    result = await _resumed(work, awaited, request)
    CURRENT.request = request
    try:
        then(result)
    finally:
        CURRENT.request = None


@coroutine
def _resumed(
    work: Coroutine[Any, Any, T], awaited: Any, request: Request | None
) -> Generator[Any, Any, T]:
    """Goes on with a coroutine that has begun to await something."""
    while True:
        step: Callable[[], Any] = partial(work.send, None)
        try:
            yield awaited
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's to hear, and to raise
            step = partial(work.throw, error)
        CURRENT.request = request
        try:
            awaited = step()
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            CURRENT.request = None
