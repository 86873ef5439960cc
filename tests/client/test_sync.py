"""The blocking twin: the same methods by construction, and a clean end at Ctrl-C."""

import inspect
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

import pytest

import botbus
from botbus.blocking import Twin
from botbus.configurations import ConfigurationGroup
from botbus.connections import ConnectionGroup
from botbus.definitions import WorkflowGroup
from botbus.runs import RunGroup
from botbus.steps import StepGroup
from botbus.sync import SyncDelivery
from botbus.sync_groups import SyncRuns, SyncSteps, SyncWorkflows
from botbus.sync_records import (
    SyncConfigurations,
    SyncConnections,
    SyncSessions,
    SyncTasks,
    SyncToolExecutions,
    SyncWorkstreams,
)
from botbus.tasks import TaskGroup
from botbus.tool_executions import ToolExecutionGroup
from botbus.workstreams import SessionGroup, WorkstreamGroup
from botbus_protocol.requests import CancelFetch, Fetch
from tests.client.peer import Peer
from tests.daemons import DaemonProcess


def public(kind: type) -> dict[str, object]:
    return {name: value for name, value in inspect.getmembers(kind) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("original", "blocking"),
    [
        (botbus.Bus, botbus.SyncBus),
        (botbus.Delivery, SyncDelivery),
        (WorkflowGroup, SyncWorkflows),
        (RunGroup, SyncRuns),
        (StepGroup, SyncSteps),
        (WorkstreamGroup, SyncWorkstreams),
        (SessionGroup, SyncSessions),
        (TaskGroup, SyncTasks),
        (ToolExecutionGroup, SyncToolExecutions),
        (ConnectionGroup, SyncConnections),
        (ConfigurationGroup, SyncConfigurations),
    ],
)
def test_every_method_has_its_twin(original: type, blocking: type) -> None:
    twins = public(blocking)
    for name, member in public(original).items():
        assert name in twins, f"{blocking.__name__} lacks {name}"
        if not inspect.isfunction(member) or name == "atomic":
            continue
        twin = twins[name]
        assert isinstance(twin, Twin), name
        assert twin.method is member
    extra = set(twins) - set(public(original)) - {"original", "portal"}
    assert not extra


def test_a_twin_has_the_signature_and_the_words_of_its_original(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("planner", url=daemon.url) as bus:
        original = inspect.signature(botbus.Bus.send)
        assert list(inspect.signature(bus.send).parameters) == list(original.parameters)
        assert bus.send.__doc__ == botbus.Bus.send.__doc__
        with pytest.raises(TypeError, match="tpye"):
            bus.send("coder", {}, tpye="task")  # type: ignore[call-arg] # on purpose


def test_a_conversation_without_await(daemon: DaemonProcess) -> None:
    with (
        botbus.connect_sync("planner", url=daemon.url) as planner,
        botbus.connect_sync("coder", url=daemon.url) as coder,
    ):
        assert (coder.name, coder.url, coder.boot) == ("coder", daemon.url, 1)
        sent = planner.send("coder", {"task": 1}, type="task")
        (delivery,) = coder.fetch(wait=5)
        assert delivery.message.id == sent.id
        delivery.extend(30)
        delivery.reply({"done": True})
        (answer,) = planner.fetch(wait=5)
        assert answer.message.body == {"done": True}
        with planner.atomic() as frame:
            frame.ack(answer)
            channel = frame.create_channel("builds")
        assert channel.result.name == "builds"
        answer.ack()  # settled in the frame: harmless
        assert [c.name for c in coder.channels()] == ["builds"]
        assert [m.body for m in planner.history(between=("planner", "coder"))][-1] == {"task": 1}
        assert coder.limits == planner.limits


def test_a_frame_whose_block_raises_sends_nothing(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("planner", url=daemon.url) as bus:

        def fail() -> None:
            with bus.atomic() as frame:
                frame.create_channel("builds")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert bus.channels() == []


def test_listening_gives_back_what_was_not_handed_out(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("coder", url=daemon.url) as bus:
        for body in range(10):
            bus.send("coder", body)
        for delivery in bus.listen():
            delivery.ack()
            if delivery.message.body == 3:
                break
        found: list[SyncDelivery] = []
        while len(found) < 6:
            found += bus.fetch(max=10, wait=5)
        assert sorted(d.message.body for d in found) == [4, 5, 6, 7, 8, 9]
        assert {d.attempt for d in found} == {1}


def test_a_stream_can_be_closed(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("coder", url=daemon.url) as bus:
        stream = bus.tail(after=0)
        bus.send("coder", "hello")
        assert next(stream).body == "hello"
        stream.close()
        assert list(stream) == []


def test_errors_are_the_same(daemon: DaemonProcess, folder: Path) -> None:
    with botbus.connect_sync("coder", url=daemon.url) as bus:
        with pytest.raises(botbus.NotFound):
            bus.channel("nowhere")
        with pytest.raises(botbus.Invalid):
            bus.listen(max_in_flight=0)
    with pytest.raises(botbus.Unavailable, match="closed"):
        bus.channels()
    with (
        pytest.raises(botbus.Unavailable, match="botbus serve"),
        botbus.connect_sync("coder", url=f"ipc://{folder}/none.sock"),
    ):
        pass


def test_an_interrupt_cancels_and_leaves_at_once(peer: Peer) -> None:
    gate = threading.Event()

    def parked(_fetch: Fetch) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        gate.wait(10)

    peer.says[Fetch] = parked
    started = monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        botbus.connect_sync("coder", url=peer.url) as bus,
    ):
        bus.fetch(wait=60)
    gate.set()
    assert monotonic() - started < 5
    (cancel,) = peer.heard(CancelFetch)
    assert cancel.ticket == peer.heard(Fetch)[0].ticket


SCRIPT = """
import sys, botbus
with botbus.connect_sync("coder", url=sys.argv[1]) as bus:
    bus.send("coder", "one to begin with")
    for delivery in bus.listen():
        delivery.ack()
        print("listening", flush=True)
"""


def test_ctrl_c_ends_a_listening_program_quietly(daemon: DaemonProcess) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, daemon.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline() == "listening\n"
        program.send_signal(signal.SIGINT)
        program.wait(10)
        errors = program.stderr.read()
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1, errors
    assert "Exception ignored" not in errors
