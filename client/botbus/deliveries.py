"""The ways to be done with a message that was delivered."""

# ruff: noqa: A002 - type, id and max are words of the contract

from datetime import datetime
from time import monotonic
from typing import Any

from botbus import requesting
from botbus.errors import LeaseLost
from botbus.held import Held, Hold
from botbus.parcels import result
from botbus.transport import R, Transport, narrowed
from botbus_protocol import requests
from botbus_protocol.replies import Done, Lease, Receipt


class Delivery(Held):
    """A message that this bot holds until it is acked, naked, termed, or its lease ends.

    Each verb raises LeaseLost if the delivery is no longer held here.
    """

    __slots__ = ("_transport",)

    def __init__(self, hold: Hold, transport: Transport) -> None:
        super().__init__(hold)
        self._transport = transport

    async def ack(self) -> None:
        """Done with it: it is never delivered to this bot again."""
        if not self.hold.settled:
            await self._settle(requesting.ack(self))

    async def nak(self, delay: float | None = None, counts: bool = True, reason: str = "") -> None:
        """Not done with it: it is offered again after `delay` seconds.

        By default after the backoff of its attempt. With `counts=False` the attempt does not count
        towards the number after which it goes to the dead letters.
        """
        if not self.hold.settled:
            await self._settle(requesting.nak(self, delay, counts, reason))

    async def term(self, reason: str) -> None:
        """Never again: it goes to the dead letters."""
        if not self.hold.settled:
            await self._settle(requesting.term(self, reason))

    async def extend(self, seconds: float) -> str:
        """Still at it: the lease ends that many seconds from now. Returns when that is."""
        request = requesting.checked(
            requests.Extend, seq=self.message.seq, lease=self.lease, seconds=seconds
        )
        reply = await self._call(request, Lease)
        self.hold.ends = monotonic() + seconds
        self.hold.lease_expires_at = reply.lease_expires_at
        return reply.lease_expires_at

    async def reply(
        self,
        body: Any,
        *,
        type: str = "message",
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
        deliver_at: datetime | str | None = None,
    ) -> Receipt:
        """Answers the sender and acks, in one commit.

        The answer has one id however often it is sent, so a reply that is repeated after an error
        does not arrive twice.
        """
        answer = requesting.reply(
            self, body, type=type, headers=headers, ttl=ttl, delay=delay, deliver_at=deliver_at
        )
        replies = await self._transport.atomic([answer, requesting.ack(self)])
        try:
            receipt, _ = [result(reply) for reply in replies]
        except LeaseLost:
            self.hold.release()
            raise
        self.hold.settle()
        return narrowed(receipt, Receipt)

    async def _settle(self, request: requests.Ack | requests.Nak | requests.Term) -> None:
        await self._call(request, Done)
        self.hold.settle()

    async def _call(self, request: requests.Request, kind: type[R]) -> R:
        try:
            return await self._transport.call(request, kind)
        except LeaseLost:
            self.hold.release()
            raise
