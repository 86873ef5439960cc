"""What is told over HTTP: `/healthz` and `/readyz`, `ok` or 503 with the reason; `/metrics`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from botbus_daemon.broker import Broker
from botbus_daemon.monitoring.health import Health
from botbus_daemon.monitoring.settings import Place
from botbus_daemon.monitoring.web import Asked, Page, Pages, open_web, sentence


class Source:
    """Where figures come from, while there are any."""

    broker: Broker | None = None


@asynccontextmanager
async def open_pages(place: Place | None, health: Health) -> AsyncIterator[Source]:
    """Serves the pages at a place, if there is one. Raises CannotServe."""
    source = Source()
    if place is None:
        yield source
        return
    from botbus_daemon.monitoring.metrics import metrics  # who serves no metrics does not pay

    async def figures(asked: Asked) -> Page:
        if source.broker is None:
            return sentence(HTTPStatus.SERVICE_UNAVAILABLE, f"the daemon is {health.phase}")
        return await metrics(source.broker, asked)

    pages: Pages = {
        "/healthz": partial(_judged, health.trouble),
        "/readyz": partial(_judged, health.unready),
        "/metrics": figures,
    }
    async with open_web(place, pages):
        yield source


async def _judged(objection: Callable[[], Awaitable[str | None]], _: Asked) -> Page:
    reason = await objection()
    if reason is None:
        return sentence(HTTPStatus.OK, "ok")
    return sentence(HTTPStatus.SERVICE_UNAVAILABLE, reason)
