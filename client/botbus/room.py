"""What every group of the bus's methods stands on: the connection, and how lists are read."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from botbus.transport import Transport

T = TypeVar("T")
C = TypeVar("C")

PAGE = 200
"""Things asked for at once when a list is read."""
EVERYTHING = 100_000
"""How long a list may become if nobody says otherwise."""


class Room:
    """Part of a bus."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _paged(
        self,
        limit: int,
        cursor: C,
        page: Callable[[C, int], Awaitable[list[T]]],
        cursor_of: Callable[[T], C],
    ) -> list[T]:
        """Reads page after page, until there are `limit` things or no more.

        A page may be shorter than asked for, if what is in it is large; only an empty one is the last.
        """
        found: list[T] = []
        most = min(PAGE, self._transport.limits.fetch_messages)
        while (want := min(most, limit - len(found))) > 0:
            part = await page(cursor, want)
            if not part:
                break
            found += part
            cursor = cursor_of(part[-1])
        return found
