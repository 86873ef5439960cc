"""Whatever a stranger sends: it gets its code and a sentence, and nobody else notices.

Each case is tried beside a bystander who uses the bus properly, and the daemon must log nothing: bad
input is expected.
"""

import socket
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pynng
import pytest

from tests.daemon.bad_frames import FRAMES, Bad, send
from tests.daemon.bad_requests import REQUESTS
from tests.daemon.bystander import Bystander
from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, error_of, new_id, pack
from tests.daemons import DaemonProcess
from tests.vitals import MIB, resident


@pytest.fixture(autouse=True)
def bystander(bots: Bots) -> Iterator[None]:
    with Bystander(bots):
        yield


@pytest.fixture
def stranger(bots: Bots) -> Plain:
    return bots("stranger")


def refusal(answer: Json) -> Json:
    assert answer["v"] == 1
    (reply,) = answer["replies"]
    return error_of(reply)


def check(answer: Json, bad: Bad) -> None:
    error = refusal(answer)
    assert error["code"] == bad.code if bad.code else error["code"] != "internal"
    assert bad.word in error["message"]
    assert len(error["message"]) < 400


@pytest.mark.parametrize("bad", FRAMES, ids=lambda bad: bad.name)
def test_a_frame_that_cannot_be_taken_gets_one_error(bad: Bad, stranger: Plain) -> None:
    check(stranger.raw(bad.frame), bad)
    assert stranger.ok("hello")["protocol"] == 1


@pytest.mark.parametrize("bad", REQUESTS, ids=lambda bad: bad.name)
def test_a_request_that_cannot_be_done_gets_its_error(bad: Bad, stranger: Plain) -> None:
    stranger.ask({"op": "hello"}, bot="x")
    check(stranger.raw(bad.frame), bad)


def test_the_neighbours_of_a_bad_request_are_carried_out(stranger: Plain) -> None:
    good = {"op": "send", "to": stranger.bot, "body": 1}
    first, wrong, unknown, last = stranger.ask(
        {**good, "id": new_id()}, {**good, "id": 5}, {"op": "frobnicate"}, {**good, "id": new_id()}
    )
    assert first["ok"]["seq"] < last["ok"]["seq"]
    assert error_of(wrong)["details"] == {"request": 1}
    assert error_of(unknown)["code"] == "unknown_op"


def test_a_frame_far_beyond_the_limit_ends_the_connection_and_nothing_else(bots: Bots) -> None:
    shouter = bots("shouter")
    with pytest.raises(pynng.NNGException):
        shouter.raw(send(body="x" * (17 * MIB)))
    assert shouter.ok("hello")["boot"] == 1  # on a new connection, made by NNG itself


def test_limits_are_inclusive(stranger: Plain) -> None:
    limits = stranger.ok("hello")["limits"]
    assert stranger.send("y", "x" * (limits["body_bytes"] - 2))["seq"]
    assert stranger.error("send", id=new_id(), to="y", body="x" * (limits["body_bytes"] - 1))[
        "details"
    ] == {"limit": "body_bytes", "figure": limits["body_bytes"]}
    replies = stranger.ask(*[{"op": "hello"}] * limits["requests_per_frame"])
    assert len(replies) == limits["requests_per_frame"]
    padded = pack({"v": 1, "requests": [{"op": "hello", "client": ""}], "x": b""})
    filled = padded[:-2] + b"\xc6" + (limits["frame_bytes"] - len(padded) - 3).to_bytes(4, "big")
    filled += bytes(limits["frame_bytes"] - len(filled))
    assert len(filled) == limits["frame_bytes"]
    assert "ok" in stranger.raw(filled)["replies"][0]


def test_a_forged_lease_settles_nothing(bots: Bots, stranger: Plain) -> None:
    owner = bots("owner")
    receipt = stranger.send(str(owner.bot), "mine")
    (delivery,) = owner.fetch()
    forged = [
        "1.999",
        "0.1",
        "",
        "²²²²².1",
        "1.1; DROP TABLE bots",
        "-1.1",
        "9999.1",
        "1." + "9" * 18,
    ]
    for lease in forged:
        for op, fields in (
            ("ack", {}),
            ("nak", {}),
            ("term", {"reason": ""}),
            ("extend", {"seconds": 9}),
        ):
            error = owner.error(op, seq=receipt["seq"], lease=lease, **fields)
            assert error["code"] == "lease_lost", (op, lease)
    # The true lease in the mouth of another bot is worth nothing either.
    assert stranger.error("ack", seq=receipt["seq"], lease=delivery["lease"])["code"] == "not_found"
    assert owner.settle("ack", delivery) == {"kind": "done"}


def test_an_ack_of_what_was_never_delivered_leaves_it_in_the_mailbox(
    bots: Bots, stranger: Plain
) -> None:
    owner = bots("owner")
    receipt = stranger.send(str(owner.bot), "mine")
    assert owner.error("ack", seq=receipt["seq"], lease="1.1")["code"] == "not_found"
    (delivery,) = owner.fetch()
    assert delivery["attempt"] == 1


@pytest.mark.parametrize(
    "op", ["hello", "fetch", "peek", "ask", "tail", "history", "extend", "frobnicate"]
)
def test_an_atomic_frame_takes_only_what_mutates(op: str, stranger: Plain) -> None:
    id_ = new_id()
    fields = {"between": ["x", "x"], "seq": 1, "lease": "1.1", "seconds": 5, "to": "y", "body": 1}
    replies = stranger.ask(
        {"op": "send", "id": id_, "to": "y", "body": 1},
        {"op": op, "id": new_id(), **fields},
        atomic=True,
    )
    assert [error_of(reply)["details"]["failed_request"] for reply in replies] == [1, 1]
    assert stranger.error("show_message", id=id_)["code"] == "not_found"


def test_too_many_parked_requests_of_one_connection_are_refused(bots: Bots) -> None:
    greedy, sender = bots("greedy"), bots("sender")
    assert greedy.fetch(wait=0) == []
    parked = [greedy.parked({"op": "fetch", "wait": 30}) for _ in range(260)]
    greedy.ok("hello")
    sender.ask(*[sender.letter(str(greedy.bot), number) for number in range(260)])
    replies = [waiting.reply() for waiting in parked]
    refused = [error_of(reply) for reply in replies if "error" in reply]
    assert len(refused) == 4
    assert {error["code"] for error in refused} == {"limit"}
    assert refused[0]["details"]["limit"] == "parked_of_connection"
    assert refused[0]["details"]["figure"] == 256
    assert refused[0]["details"]["retry_after"] > 0


def test_a_small_frame_cannot_ask_for_more_than_memory_holds(bots: Bots) -> None:
    hoarder = bots("hoarder")
    for _ in range(6):
        hoarder.send(str(hoarder.bot), "x" * 250_000)
    letter = hoarder.letter(str(hoarder.bot), "last")
    *replies, last = hoarder.ask(*[{"op": "peek"}] * 100, letter)
    answered = [reply for reply in replies if "ok" in reply]
    assert 10 < len(answered) < 20
    refused = {error_of(reply)["code"] for reply in replies if "ok" not in reply}
    assert refused == {"too_large"}
    assert "ok" in last  # what writes is not held back


def test_a_connection_may_speak_for_so_many_bots(bots: Bots) -> None:
    crowd = bots("crowd")
    word = unique("member")
    for number in range(999):
        crowd.raw(pack({"v": 1, "bot": f"{word}.{number}", "requests": []}))
    assert "ok" in crowd.ask({"op": "hello"})[0]
    refused = crowd.raw(pack({"v": 1, "bot": f"{word}.one-more", "requests": [{"op": "hello"}]}))
    assert refusal(refused)["code"] == "limit"


def test_noise_on_the_socket_is_nobodys_business(server: DaemonProcess) -> None:
    for noise in (
        b"",
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(5000),
        b"\0SP\0\0\x30\0\0" + b"\xff" * 100,
    ):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(server.socket))
            raw.sendall(noise)


def test_a_request_without_an_end_of_its_header_is_dropped(server: DaemonProcess) -> None:
    with pynng.Req0(dial=server.url, recv_timeout=200) as req, pynng.Pub0() as pub:
        pub.dial(server.url, block=True)  # speaks another pattern: NNG hangs up
        req.send(pack({"v": 1, "requests": []}))
        assert req.recv() == pack({"v": 1, "replies": []})


class Abuse(NamedTuple):
    name: str
    act: Callable[[Bots], None]
    times: int


def _leave_parked(bots: Bots) -> None:
    leaver = bots("leaver")
    for _ in range(250):
        leaver.parked({"op": "fetch", "wait": 3000})
    leaver.ok("hello")
    leaver.close()


def _say_everything_bad(bots: Bots) -> None:
    rude = bots("rude")
    for bad in [*FRAMES, *REQUESTS]:
        rude.raw(bad.frame)


def _remember_tickets(bots: Bots) -> None:
    bot = bots("ticketer")
    for number in range(100):
        bot.ok("cancel_fetch", ticket=f"{number}-{'x' * 200}")


ABUSES = [
    Abuse("everything bad", _say_everything_bad, 8),
    Abuse("parks and leaves", _leave_parked, 20),
    Abuse("cancels at random", _remember_tickets, 8),
]


@pytest.mark.parametrize("abuse", ABUSES, ids=lambda abuse: abuse.name)
def test_memory_stays_flat(abuse: Abuse, bots: Bots, server: DaemonProcess) -> None:
    for _ in range(2):
        abuse.act(bots)
    before = resident(server.pid)
    for _ in range(abuse.times):
        abuse.act(bots)
    assert resident(server.pid) - before < 20 * MIB
