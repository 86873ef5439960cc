"""The three forms of the log."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

SPEAK = """
import logging, sys, threading
from types import SimpleNamespace
from botbus_daemon import current, logs
logs.configure("info", sys.argv[1])
log = logging.getLogger("botbus_daemon.test")
client = SimpleNamespace(peer=SimpleNamespace(pid=4711))
current.CURRENT.request = current.Request(client, 3)
log.warning("the disk is %s", "full")
log.debug("not shown")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("a defect")
thread = threading.Thread(target=log.warning, args=("from a thread",))
thread.start()
thread.join()
"""


def spoken(form: str, env: dict[str, str] | None = None, stderr: int | None = None) -> str:
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        [sys.executable, "-c", SPEAK, form],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if stderr is None else stderr,
        check=True,
        env={**os.environ, **(env or {})},
    )
    return (done.stderr or b"").decode()


def test_text_is_a_line_an_event_with_time_level_and_request() -> None:
    first, second, *rest, threaded = spoken("text").splitlines()
    assert first.endswith("Z warning botbus_daemon.test: the disk is full [request 4711.3]")
    assert "error botbus_daemon.test: a defect" in second
    assert rest[-1] == "ZeroDivisionError: division by zero"
    assert threaded.endswith("test: from a thread"), "what a thread says belongs to no request"


def test_json_is_an_object_a_line() -> None:
    first, second, threaded = [json.loads(line) for line in spoken("json").splitlines()]
    assert first["level"] == "warning"
    assert first["message"] == "the disk is full"
    assert first["request"] == "4711.3"
    assert "ZeroDivisionError" in second["error"]
    assert "request" not in threaded


def test_each_line_for_the_journal_begins_with_its_priority() -> None:
    lines = spoken("journal").splitlines()
    assert lines[0] == "<4>botbus_daemon.test: the disk is full [request 4711.3]"
    assert all(line.startswith("<3>") for line in lines[1:-1])


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w+") as stream:
        stat = os.fstat(stream.fileno())
        for inode, prefix in ((stat.st_ino, "<4>"), (stat.st_ino + 1, "20")):
            stream.truncate(0)
            stream.seek(0)
            spoken("auto", {"JOURNAL_STREAM": f"{stat.st_dev}:{inode}"}, stream.fileno())
            stream.seek(0)
            assert stream.read().startswith(prefix)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.CRITICAL])
def test_no_level_is_without_a_priority(level: int) -> None:
    from botbus_daemon.logs import _FORMATTERS

    record = logging.LogRecord("x", level, "", 0, "said", (), None)
    assert _FORMATTERS["journal"]().format(record)[0] == "<"


SPEAK_IN_DETAIL = """
import logging
from botbus_daemon import logs
for level in ("debug", "error", "debug"):
    if level == "debug":
        logs.configure(level, "text")
    logs.limit(level)
    for name in ("botbus_storage.test", "aiosqlite"):
        logging.getLogger(name).debug("%s says debug at %s", name, level)
        logging.getLogger(name).info("%s says info at %s", name, level)
"""


def test_libraries_are_not_asked_for_every_call_and_its_arguments() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPEAK_IN_DETAIL], capture_output=True, text=True, check=True
    )
    said = [line.partition(": ")[2] for line in done.stderr.splitlines()]
    assert said == 2 * [
        "botbus_storage.test says debug at debug",
        "botbus_storage.test says info at debug",
        "aiosqlite says info at debug",
    ]
