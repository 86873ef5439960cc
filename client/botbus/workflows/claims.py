"""Takes runs from the daemon, and hears what befalls those that are held, in long polls.

Each poll has a ticket. Whoever stops waiting for it tells the daemon so, and the daemon offers to
others what it may have handed out meanwhile.
"""

from botbus.requesting import checked
from botbus.transport import Transport, narrowed
from botbus_protocol.grammar import new_id
from botbus_protocol.replies import Claimed
from botbus_protocol.requests import CancelClaim, ClaimRuns, Offer

POLL = 300.0
"""Seconds of one long poll."""


async def claimed(
    transport: Transport, offers: list[Offer], most: int, lease: float, wait: float = POLL
) -> Claimed:
    """Up to so many runs, or notices; with 0 only notices. Nothing, if nothing came in time."""
    request = checked(
        ClaimRuns,
        workflows=offers,
        max=most,
        wait=min(wait, transport.limits.wait_seconds),
        lease=lease,
        ticket=new_id(),
    )

    def cancel() -> None:
        transport.post(CancelClaim(ticket=request.ticket))

    transport.farewells.add(cancel)
    try:
        return narrowed(await transport.alone(request, wait="wait"), Claimed)
    except BaseException:
        cancel()
        raise
    finally:
        transport.farewells.discard(cancel)
