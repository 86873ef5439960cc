"""listen and wait: what is printed is acked, what is only looked at stays."""

import json
import signal
import time

import botbus
from tests.cli.command import Botbus
from tests.daemons import DaemonProcess


def test_wait_prints_what_is_there_and_takes_it(run: Botbus, planner: botbus.SyncBus) -> None:
    for number in range(70):  # more than are taken at once
        planner.send("waiter", {"number": number}, type="task")
    peeked = run("wait", "waiter", "--peek", "--timeout", "5", "--json")
    assert [m["body"]["number"] for m in peeked.objects] == list(range(70))
    limited = run("wait", "waiter", "--limit", "3", "--timeout", "5")
    assert [line.split("  ")[2] for line in limited.out.splitlines()] == ["planner → waiter"] * 3
    taken = run("wait", "waiter", "--timeout", "5", "--json")
    assert [m["body"]["number"] for m in taken.objects] == list(range(3, 70))
    assert {m["attempt"] for m in taken.objects} == {1}
    empty = run("wait", "waiter", "--timeout", "0.1")
    assert (empty.code, empty.out) == (4, "")
    assert empty.err == "botbus: timeout: nothing came for waiter within 0.1 s\n"


def test_wait_blocks_until_something_comes(run: Botbus, planner: botbus.SyncBus) -> None:
    with run.started("wait", "blocked", "--json") as waiting:
        until_connected(planner, "blocked")
        planner.send("blocked", "at last")
        out, err = waiting.communicate(timeout=10)
    assert (waiting.returncode, err) == (0, "")
    assert json.loads(out)["body"] == "at last"


def test_listening_without_ack_only_looks(
    run: Botbus, planner: botbus.SyncBus, shared_daemon: DaemonProcess
) -> None:
    planner.send("watched", 1)
    with run.started("listen", "watched", "--json") as listening:
        assert listening.stdout is not None
        assert json.loads(listening.stdout.readline())["body"] == 1
        later = planner.send("watched", 2)
        assert json.loads(listening.stdout.readline())["body"] == 2
        with botbus.connect_sync("watched", url=shared_daemon.url) as bus:
            deliveries = bus.fetch(max=9, wait=5)
            assert [(d.message.body, d.attempt) for d in deliveries] == [(1, 1), (2, 1)]
        listening.send_signal(signal.SIGINT)
        assert listening.communicate(timeout=10)[1] == ""
        assert listening.returncode == 130
    (record,) = planner.message(later.id).deliveries
    assert record.holder_pid != listening.pid


def test_listening_with_ack_takes_as_many_as_said(run: Botbus, planner: botbus.SyncBus) -> None:
    receipts = [planner.send("taker", number) for number in range(4)]
    done = run("listen", "taker", "--ack", "--count", "3", "--json")
    assert [m["body"] for m in done.objects] == [0, 1, 2]
    states = [planner.message(receipt.id).deliveries[0].state for receipt in receipts]
    assert states == ["acked"] * 3 + ["pending"]


def test_what_could_not_be_printed_is_not_acked(run: Botbus, planner: botbus.SyncBus) -> None:
    with run.started("listen", "cut-off", "--ack") as listening:
        until_connected(planner, "cut-off")
        assert listening.stdout is not None
        listening.stdout.close()
        receipt = planner.send("cut-off", "unread")
        assert listening.wait(10) == 141
        assert listening.stderr is not None
        assert listening.stderr.read() == ""
    (record,) = planner.message(receipt.id).deliveries
    assert record.state in {"pending", "waiting"}


def until_connected(bus: botbus.SyncBus, name: str) -> None:
    """Waits until a bot is there; the test's own timeout ends it."""
    while not any(bot.name == name for bot in bus.bots(connected=True)):
        time.sleep(0.02)
