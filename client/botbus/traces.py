"""The context of a trace on its way through messages, for programs that use OpenTelemetry.

A new message carries the context of the span it is sent in, and a reply that of what it answers: a
reply that is made again must be the same. Who uses no OpenTelemetry pays a look at a dict.
"""

import sys
from collections.abc import Mapping

HEADER = "traceparent"
"""The context of a trace, in the words of the W3C."""


def of_this_span(headers: dict[str, str] | None) -> dict[str, str]:
    """Headers with the context of the current span, if there is one; what they say themselves stays."""
    if "opentelemetry.trace" not in sys.modules:
        return headers or {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {**carrier, **(headers or {})}


def of_question(headers: dict[str, str] | None, question: Mapping[str, str]) -> dict[str, str]:
    """Headers of a reply: they go on with the trace of the question."""
    given = headers or {}
    if HEADER not in question or HEADER in given:
        return given
    return {HEADER: question[HEADER], **given}
