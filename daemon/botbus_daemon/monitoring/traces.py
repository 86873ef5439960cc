"""Spans of OpenTelemetry for messages that carry the context of a trace in their headers.

Of such a message the daemon tells when it was stored and how long it waited for each that fetched it.
Messages without that header cost a look at their headers, and daemons without the setting not even
that. Spans are exported by a thread of the library; what it cannot get rid of is dropped.
"""

import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from botbus_daemon.claiming import CannotServe
from botbus_protocol import __version__
from botbus_protocol.timestamps import to_epoch

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanKind, Tracer

logger = logging.getLogger(__name__)

HEADER = "traceparent"
"""The context of a trace, in the words of the W3C."""
EXPORT_SECONDS = 1.5
"""How long a collector may take for a batch of spans, its repetitions included."""
STOP_SECONDS = 2.0
"""How long the last spans may take to be exported once the daemon stops."""


class TracePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[traces]` table of the settings. Raises ValueError if both are there."""

    endpoint: str | None = None
    """Where a collector takes OTLP over HTTP, as `http://127.0.0.1:4318/v1/traces`."""
    file: str | None = None
    """Or a file that gets a JSON object a line for each span."""

    def __post_init__(self) -> None:
        if self.endpoint is not None and self.file is not None:
            raise ValueError("spans go to an endpoint or to a file: leave one out")
        if self.endpoint is not None and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError(f"endpoint {self.endpoint!r} is not http://HOST:PORT/v1/traces")


class Traces:
    """Makes spans; each belongs to the trace of the message it is about."""

    def __init__(self, tracer: "Tracer") -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = tracer
        self._extract = TraceContextTextMapPropagator().extract
        self._producer, self._consumer = SpanKind.PRODUCER, SpanKind.CONSUMER

    def stored(self, headers: Mapping[str, str], message_id: str, to: str, began: str) -> None:
        """A message was committed; `began` is its time, that of its transaction."""
        self._tell("store", self._producer, headers, message_id, to, began, {})

    def delivered(
        self, headers: Mapping[str, str], message_id: str, to: str, began: str, attempt: int
    ) -> None:
        """A message was handed to a bot, after it had waited since it was stored."""
        attributes = {"botbus.attempt": attempt}
        self._tell("deliver", self._consumer, headers, message_id, to, began, attributes)

    def _tell(
        self,
        what: str,
        kind: "SpanKind",
        headers: Mapping[str, str],
        message_id: str,
        to: str,
        began: str,
        attributes: dict[str, int],
    ) -> None:
        span = self._tracer.start_span(
            f"{what} {to}",
            context=self._extract(headers),
            kind=kind,
            start_time=int(to_epoch(began) * 1e9),
            attributes={
                "messaging.system": "botbus",
                "messaging.operation.name": what,
                "messaging.destination.name": to,
                "messaging.message.id": message_id,
                **attributes,
            },
        )
        span.end(time.time_ns())


@asynccontextmanager
async def open_traces(policy: TracePolicy) -> AsyncIterator[Traces | None]:
    """Exports spans, if the settings say where to. Raises CannotServe."""
    if policy.endpoint is None and policy.file is None:
        yield None
        return
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = _exporter(policy)
    except ImportError as error:
        raise CannotServe(
            f"[traces] needs more than is installed ({error}): pip install 'botbus[otel]'"
        ) from error
    except OSError as error:
        raise CannotServe(f"[traces] file {policy.file}: {error.strerror}") from error
    resource = Resource.create({"service.name": "botbus", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Traces(provider.get_tracer("botbus", __version__))
    finally:
        with anyio.move_on_after(STOP_SECONDS, shield=True) as scope:
            await anyio.to_thread.run_sync(provider.shutdown, abandon_on_cancel=True)
        if scope.cancelled_caught:
            logger.warning("the last spans could not be exported within %g s", STOP_SECONDS)


def _exporter(policy: TracePolicy) -> "SpanExporter":
    """Raises ImportError, OSError."""
    if policy.file is not None:
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        out = Path(policy.file).open("a", buffering=1)  # noqa: SIM115 - open as long as the process
        return ConsoleSpanExporter(out=out, formatter=lambda span: f"{span.to_json(indent=None)}\n")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=policy.endpoint, timeout=EXPORT_SECONDS)
