"""Gives pages that nothing uses any more back to the disk, in small bites, while nobody else writes.

Some are kept: what comes next needs them at once. A database under a steady load uses its free pages
again and neither grows nor shrinks.
"""

import asyncio
from collections.abc import Callable

from botbus_storage.repositories.retention import Pages, RetentionRepository

BITE = 128
"""Pages that one transaction frees."""
PAUSE = 0.02
"""Seconds between two bites, in which others show that they want to write."""
KEPT = 256
"""Unused pages that are kept at the least."""
KEPT_SHARE = 20
"""One page in so many is kept for what comes next."""


class PageReturn:
    """`writes` tells how often anybody has written so far."""

    def __init__(self, disk: RetentionRepository, writes: Callable[[], int]) -> None:
        self._disk = disk
        self._writes = writes

    async def give_back(self) -> None:
        """Frees what is too much, or a bite of it if others are busy. Raises Refused."""
        pages = await self._disk.pages()
        too_many = _too_many(pages) if pages.can_be_freed else 0
        while too_many > 0:
            too_many -= BITE
            before = self._writes()
            freed = await self._disk.free_pages(min(BITE, too_many + BITE))
            await asyncio.sleep(PAUSE)
            if not freed or self._writes() - before > 1:  # one is ours
                return


def _too_many(pages: Pages) -> int:
    return pages.unused - max(KEPT, pages.all // KEPT_SHARE)
