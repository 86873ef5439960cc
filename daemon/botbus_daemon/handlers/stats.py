"""stats: what goes on in the daemon."""

from botbus_daemon.broker import Broker
from botbus_daemon.monitoring.overview import overview
from botbus_daemon.plans import Caller, Plan
from botbus_protocol.requests import Stats


async def stats(broker: Broker, _: Caller, request: Stats) -> Plan:
    most = broker.settings.limits.fetch_messages
    return await overview(broker, min(request.mailboxes, most))
