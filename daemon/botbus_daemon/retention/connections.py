"""Deletes what is recorded of connections that ended long ago, or beyond the number that is kept."""

import asyncio
import time

from botbus_daemon.retention.settings import RetentionPolicy
from botbus_daemon.retention.shelf import DAY
from botbus_protocol import timestamps
from botbus_storage.repositories.retention import RetentionRepository

PAUSE = 0.02
"""Seconds between two transactions."""


class ConnectionPruning:
    def __init__(self, disk: RetentionRepository, policy: RetentionPolicy) -> None:
        self._disk = disk
        self._policy = policy

    def follow(self, policy: RetentionPolicy) -> None:
        """From now on this policy holds."""
        self._policy = policy

    async def prune(self) -> float | None:
        """Deletes what has to go; when something else has to, in seconds since 1970. Raises Refused."""
        clients, earliest = await self._disk.ended_connections()
        due = self._due(earliest)
        while clients > self._policy.connections or (due is not None and due <= time.time()):
            if not await self._disk.forget_connections(self._before(), self._policy.connections):
                break
            await asyncio.sleep(PAUSE)
            clients, earliest = await self._disk.ended_connections()
            due = self._due(earliest)
        return due

    def _before(self) -> str:
        days = self._policy.connection_days
        return timestamps.from_epoch(time.time() - days * DAY) if days else ""

    def _due(self, last_seen: str | None) -> float | None:
        if last_seen is None or not self._policy.connection_days:
            return None
        return timestamps.to_epoch(last_seen) + self._policy.connection_days * DAY
