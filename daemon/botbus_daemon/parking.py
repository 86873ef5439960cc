"""Requests that are held until something happens, their time ends, or one of both sides goes away.

Parked requests are bounded, for the whole daemon, each connection and each bot: each one
occupies a context of the listener.
"""

import asyncio
from typing import Any, TypeVar

from botbus_daemon.broker import Broker
from botbus_daemon.charges.excess import A_WHILE
from botbus_daemon.plans import Caller
from botbus_daemon.presence import Connection
from botbus_protocol.errors import Code, Refused

T = TypeVar("T")

MOST_PER_CONNECTION = 256


async def park(
    broker: Broker, caller: Caller, future: "asyncio.Future[T]", seconds: float
) -> T | None:
    """What the future gives, or None when the time is over or the caller is gone.

    Raises Refused when the daemon stops. The future is the caller's own; it is not cancelled.
    """
    if future.done():
        return future.result()
    connection = caller.connection
    if connection.closed:
        return None
    if connection.parked >= MOST_PER_CONNECTION:
        raise Refused(
            Code.LIMIT,
            f"{MOST_PER_CONNECTION} requests of this connection wait already: let some end first",
            limit="parked_of_connection",
            figure=MOST_PER_CONNECTION,
            retry_after=A_WHILE,
        )
    with broker.charges.waiting(caller.session):
        connection.parked += 1
        try:
            seconds = min(seconds, broker.settings.limits.wait_seconds)
            return await _first_of(broker, connection, future, seconds)
        finally:
            connection.parked -= 1


async def _first_of(
    broker: Broker, connection: Connection, future: "asyncio.Future[T]", seconds: float
) -> T | None:
    either: set[asyncio.Future[Any]] = {future, broker.closing, connection.gone}
    await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if future.done():
        return future.result()
    if broker.closing.done():
        raise Refused(Code.SHUTTING_DOWN, "the daemon is stopping: connect again and repeat this")
    return None
