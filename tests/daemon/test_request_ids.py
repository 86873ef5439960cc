"""Lines of the log that belong to a request say which."""

import json
import os
from pathlib import Path

from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import claim_one, complete, create, save
from tests.daemons import DaemonProcess


def lines(daemon: DaemonProcess) -> list[Json]:
    return [json.loads(line) for line in daemon.log().splitlines()]


def test_what_follows_a_commit_is_told_with_the_request_it_follows(folder: Path) -> None:
    settings = "[limits]\ncontext_bytes = 1000\n"
    with (
        DaemonProcess(folder, "--log-format", "json", settings=settings) as daemon,
        Plain(daemon, "ann") as ann,
        Plain(daemon, "bob") as bob,
    ):
        workflow = save(ann)
        create(ann, workflow)
        claimed = claim_one(ann, workflow)
        for number in range(3):
            bob.send("nobody", number)
        complete(ann, claimed, "one", context={"notes": "x" * 700})
        (line,) = lines(daemon)
        assert "the context of run" in line["message"]
        assert line["request"] == f"{os.getpid()}.4", "the fourth frame of ann's connection"


def test_what_nobody_asked_for_has_no_request(folder: Path) -> None:
    with DaemonProcess(folder, "--log-format", "json", "--log-level", "info") as daemon:
        with Plain(daemon, "ann") as ann:
            ann.send("bob", 1)
        daemon.stop()
        said = lines(daemon)
        assert "stopping on SIGTERM" in [line["message"] for line in said]
        assert not [line for line in said if "request" in line]
