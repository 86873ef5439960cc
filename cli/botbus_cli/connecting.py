"""Runs a command as a coroutine with a connection to the daemon.

An error of the bus becomes the `Failed` of the command, with its code and its sentence.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any

from botbus_cli.ending import Failed
from botbus_cli.options import url_option


def on_the_bus(command: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Adds `--url` to a command, and connects as `me` (if it has such a parameter) to run it.

    The command gets the bus in the place of `me`.
    """

    @url_option
    @wraps(command)
    def connected(url: str | None, me: str | None = None, **given: Any) -> None:
        run(partial(_with_bus, command, url, me, given))

    return connected


def run(job: Callable[[], Awaitable[None]], *, uvloop: bool = False) -> None:
    """Runs a coroutine function to its end. Raises Failed.

    uvloop pays where many messages pass; a single request would only wait for its import.
    """
    import anyio

    from botbus import BusError

    failure: BaseException | None = None
    try:
        anyio.run(job, backend_options={"use_uvloop": uvloop})
    except* BusError as group:
        failure = group
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if isinstance(failure, BusError):
        raise Failed(failure.code, failure.message)


async def _with_bus(
    command: Callable[..., Awaitable[None]], url: str | None, me: str | None, given: dict[str, Any]
) -> None:
    import botbus

    async with botbus.connect(me, url=url) as bus:
        await command(bus, **given)
