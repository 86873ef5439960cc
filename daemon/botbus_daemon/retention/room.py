"""Retention in this process, put together: one errand that looks a while after something was written.

Whatever makes a message deletable is a write (another message, an ack, the cursor of a mailbox) or the
passing of time, which is computed. So nothing is looked at while nothing happens.
"""

import logging
from typing import TYPE_CHECKING

from botbus_daemon.retention.connections import ConnectionPruning
from botbus_daemon.retention.messages import MessagePruning
from botbus_daemon.retention.pages import PageReturn
from botbus_daemon.retention.settings import RetentionPolicy
from botbus_daemon.runs.errand import Errand
from botbus_protocol import timestamps
from botbus_protocol.errors import Refused

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker

logger = logging.getLogger(__name__)

AFTER_TROUBLE = 30.0
"""Seconds until it is tried again when the disk refuses."""


class Retention:
    """The room of a broker."""

    def __init__(self, broker: "Broker") -> None:
        self._store = broker.store
        self._policy = broker.settings.retention
        self._armed = False
        self._writes = 0
        self.messages = MessagePruning(broker, self._policy)
        self._connections = ConnectionPruning(broker.store.retention, self._policy)
        self._pages = PageReturn(broker.store.retention, lambda: self._writes)
        self._errand = Errand(self._look)

    def start(self) -> None:
        self._store.listen(self._written)
        self._errand.in_seconds(0.0)

    def follow(self, policy: RetentionPolicy) -> None:
        """From now on this policy holds; what it lets go is counted anew, and goes."""
        if policy == self._policy:
            return
        self._policy = policy
        self.messages.follow(policy)
        self._connections.follow(policy)
        self._errand.in_seconds(0.0)

    async def close(self) -> None:
        await self._errand.close()
        self._armed = True  # nothing wakes it any more

    def _written(self) -> None:
        self._writes += 1
        if not self._armed:
            self._armed = True
            self._errand.in_seconds(self._policy.every_seconds)

    async def _look(self) -> str | None:
        """Deletes what has to go; when something else has to."""
        self._armed = False
        try:
            dues = [await self.messages.prune(), await self._connections.prune()]
            await self._pages.give_back()
        except Refused as refusal:
            logger.warning("what is not to be kept stays for now: %s", refusal)
            self._errand.in_seconds(AFTER_TROUBLE)
            return None
        due = min((due for due in dues if due is not None), default=None)
        return None if due is None else timestamps.from_epoch(due + 0.001)
