"""Each refusal is a class, a code and a sentence; a mistake is told before anything is sent."""

import decimal
from typing import Any

import pytest

import botbus
from botbus.errors import ERROR_OF
from botbus_protocol.errors import Code, Fault
from botbus_protocol.requests import GetChannel, Send
from tests.client.peer import Peer
from tests.daemons import DaemonProcess


def test_each_code_of_the_protocol_has_its_class() -> None:
    assert set(ERROR_OF) == {code.value for code in Code} | {"unavailable", "timeout"}
    for code, kind in ERROR_OF.items():
        assert kind.__name__.lower() == code.replace("_", "")
        assert getattr(botbus, kind.__name__) is kind


async def test_a_fault_becomes_its_class(peer: Peer) -> None:
    peer.says[GetChannel] = lambda _: Fault("storage_full", "free some space", {"free": 0})
    async with botbus.connect("coder", url=peer.url) as bus:
        with pytest.raises(botbus.StorageFull) as caught:
            await bus.channel("builds")
    error = caught.value
    assert (error.code, str(error), error.details) == (
        "storage_full",
        "free some space",
        {"free": 0},
    )


async def test_a_code_from_the_future_is_a_plain_error(peer: Peer) -> None:
    peer.says[GetChannel] = lambda _: Fault("too_warm", "let it cool down")
    async with botbus.connect("coder", url=peer.url) as bus:
        with pytest.raises(botbus.BusError, match="let it cool down") as caught:
            await bus.channel("builds")
    assert type(caught.value) is botbus.BusError
    assert caught.value.code == "too_warm"


class Odd:
    pass


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (Odd(), "body has a Odd"),
        ({"deep": [Odd()]}, "make it a dict, list, str"),
        (2**70, "body cannot be sent"),
        (nested(50_000), "nested too deeply"),
        ({"key": object}, "body has a type"),
    ],
)
async def test_a_body_that_cannot_be_sent_is_refused_here(
    peer: Peer, body: object, sentence: str
) -> None:
    async with botbus.connect("coder", url=peer.url) as bus:
        with pytest.raises(botbus.Invalid, match=sentence):
            await bus.send("planner", body)
    assert peer.heard(Send) == []


@pytest.mark.parametrize("body", [b"bytes", {"x": float("nan")}, {1: "key"}])
async def test_a_body_that_json_cannot_hold_is_refused_by_the_daemon(
    daemon: DaemonProcess, body: object
) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        with pytest.raises(botbus.Invalid, match="JSON"):
            await bus.send("planner", body)


async def test_a_body_may_be_what_json_calls_a_number(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.send("coder", {"price": decimal.Decimal("1.10"), "n": None})
        (delivery,) = await bus.fetch(wait=5)
        assert delivery.message.body == {"price": "1.10", "n": None}


@pytest.mark.parametrize(
    ("to", "options", "sentence"),
    [
        ("two words", {}, "is not a name"),
        (7, {}, "to: Expected `str`"),
        ("coder", {"ttl": "5"}, "ttl: Expected `float"),
        ("coder", {"ttl": -5}, "ttl must be seconds"),
        ("coder", {"id": "mine"}, "is not an id: use a UUIDv7"),
        ("coder", {"type": ""}, "type must be"),
        ("coder", {"delay": 1, "deliver_at": "2030-01-01T00:00:00Z"}, "give one of them"),
        ("coder", {"deliver_at": "tomorrow"}, "is not a time"),
        ("coder", {"headers": {"x": object()}}, "send"),
    ],
)
async def test_a_wrong_argument_is_told_before_it_is_sent(
    peer: Peer, to: Any, options: dict[str, Any], sentence: str
) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        with pytest.raises(botbus.Invalid, match=sentence):
            await bus.send(to, {}, **options)
    assert peer.heard(Send) == []


async def test_a_typo_in_a_keyword_names_it(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        with pytest.raises(TypeError, match="tpye"):
            await bus.send("coder", {}, tpye="task")  # type: ignore[call-arg] # on purpose
        async with bus.atomic() as frame:
            with pytest.raises(TypeError, match="tpye"):
                frame.send("coder", {}, tpye="task")  # type: ignore[call-arg] # on purpose


async def test_whoever_is_no_daemon_is_told_apart(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        peer.babble = b"\x01"
        with pytest.raises(botbus.BadFrame, match="is this a botbus daemon"):
            await bus.send("coder", {})
