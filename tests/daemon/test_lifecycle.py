"""How a daemon stops, and what outlives it."""

import signal
import socket
import sqlite3
import threading

import anyio
import pynng
import pytest

import botbus
from tests.daemon.conftest import Bots
from tests.daemon.plain import Plain, error_of, new_id
from tests.daemons import DaemonProcess

STOP_SECONDS = 5.0


def left_behind(daemon: DaemonProcess) -> None:
    """What there may be after a clean stop: no socket, and everything in the database itself."""
    assert not daemon.socket.exists()
    wal = daemon.database.with_name(daemon.database.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
    alone = daemon.folder / "alone.db"
    alone.write_bytes(daemon.database.read_bytes())
    connection = sqlite3.connect(alone)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM bot_messages").fetchone()[0] > 0
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_on(number: signal.Signals, own: Bots) -> None:
    parker, watcher = own("parker"), own("watcher")
    committed = watcher.parked({"op": "tail", "after": 0, "wait": 60})
    asked = {"op": "ask", "id": new_id(), "to": "nobody", "body": "?", "timeout": 60}
    parked = [parker.parked(asked)]
    assert committed.reply()["ok"]["messages"]
    parked += [parker.parked({"op": op, "wait": 60}) for op in ("fetch", "peek", "tail")]
    parker.ok("hello")
    own.daemon.signal(number)
    for waiting in parked:
        assert error_of(waiting.reply())["code"] == "shutting_down"
    assert own.daemon.wait(STOP_SECONDS) == 0
    assert own.daemon.log() == ""
    left_behind(own.daemon)


def test_it_stops_cleanly_under_load(own: Bots) -> None:
    """What was acknowledged is there; what was not is refused or cut off, and nothing else."""
    acknowledged: set[str] = set()
    busy = threading.Event()

    def load(client: Plain) -> None:
        while True:
            ids = [new_id() for _ in range(20)]
            requests = [{"op": "send", "id": i, "to": "sink", "body": "x" * 200} for i in ids]
            try:
                replies = client.ask(*requests)
            except pynng.NNGException:
                return  # cut off
            if "error" in replies[0]:
                assert error_of(replies[0])["code"] == "shutting_down"
                return
            acknowledged.update(reply["ok"]["id"] for reply in replies)
            if len(acknowledged) > 500:
                busy.set()

    threads = [threading.Thread(target=load, args=[own("loader")]) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert busy.wait(20)
    own.daemon.signal(signal.SIGTERM)
    assert own.daemon.wait(STOP_SECONDS) == 0
    own.close()
    for thread in threads:
        thread.join()
    assert own.daemon.log() == ""
    left_behind(own.daemon)
    connection = sqlite3.connect(own.daemon.database)
    try:
        stored = {row[0] for row in connection.execute("SELECT id FROM bot_messages")}
    finally:
        connection.close()
    assert acknowledged <= stored


def test_a_client_that_does_not_read_does_not_hold_up_the_stop(own: Bots) -> None:
    """Answers pile up at a peer that never takes them off the socket."""
    sender = own("sender")
    for _ in range(8):
        sender.send("deaf", "x" * 200_000)
    frame = sender.frame({"op": "peek", "max": 100}, bot="deaf")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(own.daemon.socket))
        deaf.sendall(b"\0SP\0\0\x30\0\0")  # says that it is a REQ
        for number in range(20):
            message = (0x80000000 + number).to_bytes(4, "big") + frame
            deaf.sendall(b"\x01" + len(message).to_bytes(8, "big") + message)
        sender.send("somebody", "still served")
        own.daemon.signal(signal.SIGTERM)
        assert own.daemon.wait(STOP_SECONDS) == 0
    left_behind(own.daemon)


def test_leases_outlive_an_orderly_stop_until_somebody_is_handed_them(own: Bots) -> None:
    worker = own("worker")
    own("sender").send(str(worker.bot), "work")
    (delivery,) = worker.fetch()
    assert own.daemon.stop() == 0
    own.daemon.start()
    assert worker.settle("ack", delivery) == {"kind": "done"}
    assert worker.fetch(wait=0) == []


async def test_a_parked_fetch_of_the_client_outlives_a_restart(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("coder", url=daemon.url) as coder,
        botbus.connect("planner", url=daemon.url) as planner,
        anyio.create_task_group() as tasks,
    ):
        bodies: list[object] = []

        async def fetch() -> None:
            for delivery in await coder.fetch(wait=30):
                bodies.append(delivery.message.body)
                await delivery.ack()

        tasks.start_soon(fetch)
        await planner.hello()
        daemon.stop()
        daemon.start()
        await planner.send("coder", "after the stop")
    assert bodies == ["after the stop"]


async def test_a_client_outlives_a_crash(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        first = await bus.send("coder", 1)
        daemon.kill()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.send, "coder", 2)
            daemon.start()
        third = await bus.send("coder", 3)
    assert third.seq == first.seq + 2
