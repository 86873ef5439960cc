"""Takes deliveries from a mailbox, in one long poll or several, and leaves none stranded.

Each fetch has a ticket. Whoever stops waiting for it, for whatever reason, tells the daemon so, and
the daemon puts back what it may have handed out meanwhile; so does a bus that closes over it.
"""

from collections.abc import Callable

from botbus.deliveries import Delivery
from botbus.held import Hold
from botbus.polling import polls
from botbus.requesting import checked
from botbus.transport import Transport, narrowed
from botbus_protocol.grammar import new_id
from botbus_protocol.replies import Deliveries
from botbus_protocol.requests import CancelFetch, Fetch


async def fetched(
    transport: Transport,
    most: int,
    wait: float,
    lease: float,
    released: Callable[[Hold], None] | None = None,
) -> list[Delivery]:
    """Up to so many deliveries, as soon as there is one; none if `wait` seconds have passed."""
    for part in polls(wait, transport.limits.wait_seconds):
        request = checked(Fetch, max=most, wait=part, lease=lease, ticket=new_id())
        if deliveries := await _polled(transport, request, released):
            return deliveries
    return []


async def _polled(
    transport: Transport, request: Fetch, released: Callable[[Hold], None] | None
) -> list[Delivery]:
    def cancel() -> None:
        transport.post(CancelFetch(ticket=request.ticket))

    transport.farewells.add(cancel)
    try:
        reply = narrowed(await transport.alone(request, wait="wait"), Deliveries)
    except BaseException:
        cancel()
        raise
    finally:
        transport.farewells.discard(cancel)
    number = transport.connection
    return [
        Delivery(Hold(record, request.lease, number, released), transport)
        for record in reply.deliveries
    ]
