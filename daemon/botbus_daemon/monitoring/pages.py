"""What is told over HTTP: `/healthz`, `/readyz`."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

from botbus_daemon.monitoring.health import Health
from botbus_daemon.monitoring.web import Asked, Page, Pages, sentence


def pages_of(health: Health) -> Pages:
    """200 with `ok`, or 503 with the reason."""
    return {
        "/healthz": partial(_judged, health.trouble),
        "/readyz": partial(_judged, health.unready),
    }


async def _judged(objection: Callable[[], Awaitable[str | None]], _: Asked) -> Page:
    reason = await objection()
    if reason is None:
        return sentence(HTTPStatus.OK, "ok")
    return sentence(HTTPStatus.SERVICE_UNAVAILABLE, reason)
