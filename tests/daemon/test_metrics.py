"""Metrics as a scraper reads them, and the settings of where."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import time

import pytest
from msgspec import ValidationError, convert
from prometheus_client.parser import text_string_to_metric_families

from botbus_daemon.monitoring.settings import HttpPolicy, Loopback
from botbus_daemon.monitoring.web import bound
from tests.asking_http import get, parsed, say
from tests.daemon.plain import Plain, new_id
from tests.daemon.scraping import scraped
from tests.daemons import DaemonProcess


@pytest.fixture
def place(folder: Path) -> Path:
    return folder / "http"


@pytest.fixture
def daemon(folder: Path, place: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(folder, settings=f'[http]\nlisten = "unix:{place}"\n') as process:
        yield process
        assert process.stop() == 0
        assert process.log() == ""


def test_what_was_done_is_what_is_scraped(daemon: DaemonProcess, place: Path) -> None:
    with Plain(daemon, "ann") as ann:
        for number in range(5):
            ann.send("bob", number)
        ann.error("publish", id=new_id(), channel="no-such", body=1)
        after = scraped(place)  # once only: what waits is not counted again for a while
    assert after["botbus_messages_total", ""] == 5
    assert after["botbus_requests_total", "send"] == 5
    assert after["botbus_refused_total", "not_found"] == 1
    assert after["botbus_healthy", ""] == 1
    assert after["botbus_connections", ""] == 1
    assert after["botbus_mailbox_pending", "bob"] == 5
    assert after["botbus_pending", ""] == 5
    assert time() - 60 < after["botbus_mailbox_oldest_timestamp_seconds", "bob"] <= time()
    assert after["process_resident_memory_bytes", ""] > 5_000_000
    assert after["botbus_commit_seconds_count", ""] >= 5
    assert after["botbus_commit_seconds_bucket", "+Inf"] == after["botbus_commit_seconds_count", ""]
    assert 0 < after["botbus_commit_seconds_sum", ""] < 60


def test_openmetrics_is_told_to_who_asks_for_it(daemon: DaemonProcess, place: Path) -> None:
    answer = get(place, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith("# EOF\n")


def test_every_metric_is_in_the_handbook(daemon: DaemonProcess, place: Path) -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    with Plain(daemon, "ann") as ann:
        ann.send("bob", 1)
    names = [
        family.name
        for family in text_string_to_metric_families(get(place, "/metrics").body)
        if family.name.startswith("botbus_")
    ]
    assert len(names) > 25
    assert [name for name in names if f"`{name}" not in handbook] == []


def test_scrapes_are_small_and_quick_enough(daemon: DaemonProcess, place: Path) -> None:
    with Plain(daemon, "ann") as ann:
        ann.ask(*(ann.letter(f"bot-{number}") for number in range(300)))
        samples = scraped(place)
    assert samples["botbus_mailboxes", ""] == 300
    assert len([1 for name, _ in samples if name == "botbus_mailbox_pending"]) == 100


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("127.0.0.1:9464", Loopback("127.0.0.1", 9464)),
        ("127.8.9.1:1", Loopback("127.8.9.1", 1)),
        ("localhost:65535", Loopback("127.0.0.1", 65535)),
        ("[::1]:9464", Loopback("::1", 9464)),
        ("unix:/run/botbus/http", Path("/run/botbus/http")),
    ],
)
def test_places_of_this_host(listen: str, place: object) -> None:
    assert convert({"listen": listen}, HttpPolicy).place() == place


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("0.0.0.0:9464", "only this host"),
        ("[::]:9464", "only this host"),
        ("192.168.1.7:9464", "only this host"),
        ("example.org:80", "only this host"),
        ("localhost.example.org:80", "only this host"),
        ("[::ffff:10.0.0.1]:80", "only this host"),
        ("127.0.0.1", "is not"),
        ("127.0.0.1:0", "is not"),
        ("127.0.0.1:65536", "is not"),
        (":9464", "is not"),
        ("9464", "is not"),
        ("", "is not"),
        ("unix:run/http", "absolute"),
        ("http://127.0.0.1:9464", "is not"),
    ],
)
def test_other_places_are_refused_with_a_sentence(listen: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        convert({"listen": listen}, HttpPolicy)


def test_a_port_is_bound_on_this_host_alone() -> None:
    for host in ("127.0.0.1", "::1"):
        with closing(bound(Loopback(host, 0))) as listening:
            assert listening.getsockname()[0] == host


def test_two_daemons_do_not_share_a_place(
    daemon: DaemonProcess, place: Path, tmp_path: Path
) -> None:
    other = DaemonProcess(tmp_path, settings=daemon.config.read_text())
    with pytest.raises(AssertionError, match="did not start"):
        other.start()
    assert other.wait() == 1
    assert "another daemon" in other.log()
    assert parsed(say(place, b"GET /readyz HTTP/1.0\r\n\r\n")).status == 200


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with closing(bound(Loopback("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        daemon = DaemonProcess(folder, settings=f'[http]\nlisten = "127.0.0.1:{port}"\n')
        with pytest.raises(AssertionError, match="did not start"):
            daemon.start()
        assert daemon.wait() == 1
    sentence = f"[http] listen 127.0.0.1:{port}: Address already in use: choose another place\n"
    assert daemon.log().endswith(sentence)
