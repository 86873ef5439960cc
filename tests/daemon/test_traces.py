"""Spans of a daemon for messages that belong to a trace, and the context on its way through clients."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import ValidationError, convert
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import botbus
from botbus_daemon.monitoring.traces import TracePolicy
from tests.daemon.plain import Json, Plain, new_id
from tests.daemons import DaemonProcess

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
CONTEXT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.fixture
def spans(folder: Path) -> Path:
    return folder / "spans.jsonl"


@pytest.fixture
def daemon(folder: Path, spans: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(folder, settings=f'[traces]\nfile = "{spans}"\n') as process:
        yield process


def told(daemon: DaemonProcess, spans: Path) -> list[Json]:
    """All spans; the daemon tells the last ones as it stops."""
    assert daemon.stop() == 0
    assert daemon.log() == ""
    return [json.loads(line) for line in spans.read_text().splitlines()]


def test_a_message_of_a_trace_has_spans_in_it(daemon: DaemonProcess, spans: Path) -> None:
    with Plain(daemon, "ann") as ann, Plain(daemon, "bob") as bob:
        sent = ann.send("bob", 1, headers=CONTEXT)
        ann.send("bob", "of no trace")
        ann.send("bob", "of none either", headers={"other": "header"})
        deliveries = bob.fetch()
        assert len(deliveries) == 3
        assert deliveries[0]["message"]["headers"] == CONTEXT, "it goes on as it was sent"
    stored, delivered = sorted(told(daemon, spans), key=lambda span: span["name"], reverse=True)
    assert (stored["name"], delivered["name"]) == ("store bob", "deliver bob")
    for span in (stored, delivered):
        assert span["context"]["trace_id"] == f"0x{TRACE}"
        assert span["parent_id"] == f"0x{SPAN}"
        assert span["attributes"]["messaging.message.id"] == sent["id"]
        assert span["start_time"] <= span["end_time"]
    assert delivered["attributes"]["botbus.attempt"] == 1
    assert stored["resource"]["attributes"]["service.name"] == "botbus"


def test_a_channel_has_a_span_for_each_that_fetches(daemon: DaemonProcess, spans: Path) -> None:
    with Plain(daemon, "ann") as ann, Plain(daemon, "bob") as bob:
        ann.ok("create_channel", name="news")
        bob.ok("subscribe", channel="news")
        ann.ok("subscribe", channel="news")
        published = new_id()
        for _ in range(2):
            ann.publish("news", 1, id=published, headers=CONTEXT)
        ann.fetch()
        bob.fetch()
    names = sorted(span["name"] for span in told(daemon, spans))
    assert names == ["deliver ann", "deliver bob", "store news"], "a repeat stores nothing"


def test_what_is_no_context_harms_nobody(daemon: DaemonProcess, spans: Path) -> None:
    with Plain(daemon, "ann") as ann:
        ann.send("bob", 1, headers={"traceparent": "rubbish"})
    (span,) = told(daemon, spans)
    assert span["parent_id"] is None


def test_a_client_sends_the_span_it_is_in(daemon: DaemonProcess) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with (
        botbus.connect_sync("ann", url=daemon.url) as ann,
        botbus.connect_sync("bob", url=daemon.url) as bob,
    ):
        with tracer.start_as_current_span("work") as span:
            ann.send("bob", 1)
            chosen = botbus.new_id()
            ann.send("bob", 2, id=chosen)
            ann.send("bob", 3, headers=CONTEXT)
        ann.send("bob", 4)
        first, second, third, fourth = bob.fetch(max=4, wait=5)
        number = trace.format_trace_id(span.get_span_context().trace_id)
        assert first.message.headers["traceparent"].split("-")[1] == number
        assert second.message.headers == {}, "what may be repeated is the same each time"
        assert third.message.headers == CONTEXT
        assert fourth.message.headers == {}
        third.reply("yes")
        (answer,) = ann.fetch(wait=5)
        assert answer.message.headers == CONTEXT


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"endpoint": "http://127.0.0.1:4318/v1/traces", "file": "/tmp/x"}, "leave one out"),
        ({"endpoint": "localhost:4318"}, "is not http"),
    ],
)
def test_settings_that_make_no_sense_are_refused(table: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        convert(table, TracePolicy)


def test_a_file_that_cannot_be_written_is_a_sentence(folder: Path) -> None:
    process = DaemonProcess(folder, settings=f'[traces]\nfile = "{folder}/no/such/spans"\n')
    with pytest.raises(AssertionError, match=r"\[traces\] file .*: No such file"):
        process.start()
    assert process.wait() == 1
