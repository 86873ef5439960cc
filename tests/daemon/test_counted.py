"""What limits refuse and what is not kept can be seen: in the metrics, and in `botbus stats`."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Botbus
from tests.daemon.plain import Plain, new_id
from tests.daemon.scraping import Samples, scraped
from tests.daemon.workflows.worker import begun, finish, save
from tests.daemons import DaemonProcess
from tests.waiting import eventually

SETTINGS = """
[http]
listen = "unix:{place}"
[limits]
body_bytes = 100
[bot_limits]
sender_messages = 2
[retention]
every_seconds = 0.05
duplicate_seconds = 0.0
channels = [
    {{ match = "short", max_messages = 1 }},
    {{ match = "lost", max_messages = 1, undelivered = "drop" }},
]
[workflows]
keep_runs = 0
"""


@pytest.fixture
def daemon(folder: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(folder, settings=SETTINGS.format(place=folder / "http")) as process:
        yield process
        assert process.stop() == 0


@pytest.fixture
def ann(daemon: DaemonProcess) -> Iterator[Plain]:
    with Plain(daemon, "ann") as ann:
        yield ann


def counted(daemon: DaemonProcess) -> Samples:
    return scraped(daemon.folder / "http")


def test_what_goes_beyond_a_limit_is_counted_by_its_name(daemon: DaemonProcess, ann: Plain) -> None:
    for number in range(2):
        ann.send("bob", number)
    for number in range(3):
        ann.error("send", id=new_id(), to="bob", body=number)
    ann.error("send", id=new_id(), to="eve", body="x" * 200)
    ann.error("ack", seq=7, lease="none")
    counts = counted(daemon)
    assert counts["botbus_limited_total", "sender_messages"] == 3
    assert counts["botbus_limited_total", "body_bytes"] == 1
    assert len([1 for name, _ in counts if name == "botbus_limited_total"]) == 2
    table = Botbus(daemon.url)("stats").out
    assert "beyond limits  4: 3 sender_messages, 1 body_bytes\n" in table


def test_what_is_not_kept_is_counted(daemon: DaemonProcess, ann: Plain) -> None:
    for name in ("short", "lost"):
        ann.ok("create_channel", name=name)
    ann.ok("subscribe", channel="lost")
    for name in ("lost", "lost", "lost", "short", "short", "short", "short"):
        ann.ok("publish", id=new_id(), channel=name, body="12345678")
    eventually(lambda: counted(daemon)["botbus_retention_messages_total", ""] == 5)
    counts = counted(daemon)
    assert counts["botbus_retention_bytes_total", ""] == 5 * len('"12345678"')
    assert counts["botbus_retention_undelivered_total", ""] == 2
    assert counts["botbus_retention_dead_letters_total", ""] == 0
    finish(ann, begun(ann, save(ann)))
    daemon.signal(signal.SIGHUP)  # runs are looked at now, not a while later
    eventually(lambda: counted(daemon)["botbus_retention_runs_total", ""] == 1)
    (row,) = [line for line in Botbus(daemon.url)("stats").out.splitlines() if "not kept" in line]
    assert row.split(maxsplit=2)[2] == "5 messages with 50 B, 2 of them never settled; 1 run"
