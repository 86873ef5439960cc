"""SIGTERM under load, on a slow disk: nothing that was acknowledged is lost, and the end is near."""

import contextlib
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pynng

from tests.baddays.faults import FaultyDaemon, needs_compiler
from tests.daemon.plain import Json, Plain, error_of
from tests.waiting import eventually

STOP_SECONDS = 5.0


class Load(threading.Thread):
    """A bot that sends to itself, fetches, and settles, until it is told that the daemon stops."""

    def __init__(self, daemon: FaultyDaemon, number: int) -> None:
        super().__init__()
        self._client = Plain(daemon, f"loader-{number}")
        self.sent: set[str] = set()
        self.acked: set[str] = set()
        self.start()

    def run(self) -> None:
        with self._client as client, contextlib.suppress(pynng.NNGException, Stopping):
            while True:
                letters = [client.letter(str(client.bot), "x" * 100) for _ in range(20)]
                self.sent |= {reply["id"] for reply in said(client.ask(*letters))}
                (found,) = said(client.ask({"op": "fetch", "max": 20, "wait": 0}))
                acks = [client.verdict("ack", delivery) for delivery in found["deliveries"]]
                said(client.ask(*acks))
                self.acked |= {delivery["message"]["id"] for delivery in found["deliveries"]}


class Stopping(Exception):  # noqa: N818 - what is awaited
    """The daemon said that it stops."""


def said(replies: list[Json]) -> list[Json]:
    for reply in replies:
        if "error" in reply:
            assert error_of(reply)["code"] == "shutting_down", reply
            raise Stopping
    return [reply["ok"] for reply in replies]


@needs_compiler
def test_what_was_acknowledged_is_there(folder: Path, shim: Path) -> None:
    with FaultyDaemon(folder, shim) as daemon:
        loads = [Load(daemon, number) for number in range(5)]
        eventually(lambda: all(len(load.acked) > 40 for load in loads), 30)
        daemon.slow_down(0.1)
        time.sleep(0.3)  # so that much is under way
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(STOP_SECONDS * 2) == 0
        assert time.monotonic() - begun < STOP_SECONDS
        for load in loads:
            load.join()
        assert daemon.log() == ""
    with contextlib.closing(sqlite3.connect(daemon.database)) as connection:
        sent = {id_ for (id_,) in connection.execute("SELECT id FROM bot_messages")}
        acked = {
            id_
            for (id_,) in connection.execute(
                "SELECT m.id FROM bot_messages m JOIN bots b ON b.id = m.recipient_bot_id"
                " LEFT JOIN bot_deliveries d ON d.seq = m.seq AND d.bot_id = b.id"
                " WHERE d.state = 'acked' OR (d.state IS NULL AND m.seq <= b.cursor)"
            )
        }
    for load in loads:
        assert load.sent <= sent
        assert load.acked <= acked
