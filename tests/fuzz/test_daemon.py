"""A running daemon is fed with right, wrong and almost right frames, beside who uses it properly.

Every frame gets an answer, with a reply for each of its requests or one refusal; none is answered with
`internal`, the daemon logs nothing, and its memory and open files stay where they were.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.daemon.bystander import Bystander
from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, error_of
from tests.daemons import DaemonProcess
from tests.fuzz import frames, scene
from tests.fuzz.gathering import gathered
from tests.vitals import MIB, open_files, resident

sessions = st.lists(frames.drafts, min_size=1, max_size=8)
fed = settings(max_examples=30, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def feeder(server: DaemonProcess) -> Iterator[Plain]:
    """A connection that says anything, while somebody else uses the daemon properly."""
    bots = Bots(server)
    with Bystander(bots):
        yield bots.named("ada")
    bots.close()


def feed(feeder: Plain, data: bytes) -> None:
    """Sends a frame and looks at its answer."""
    answer = feeder.raw(data)
    assert answer["v"] == 1
    replies: list[Json] = answer["replies"]
    asked = frames.asked_of(data)
    assert len(replies) == (1 if asked is None else len(asked)) or refused_whole(replies)
    for reply in replies:
        if "ok" not in reply:
            assert error_of(reply)["code"] != "internal", data


def refused_whole(replies: list[Json]) -> bool:
    """As for a name that is not free, or a daemon that may not be spoken to."""
    return len(replies) == 1 and "error" in replies[0]


def feed_all(feeder: Plain, session: list[frames.Draft], known: dict[Any, Any]) -> None:
    for draft in session:
        data = draft.written(known)
        if frames.is_brief(data):
            feed(feeder, data)


@fed
@given(session=sessions)
def test_every_frame_gets_an_answer(feeder: Plain, session: list[frames.Draft]) -> None:
    feed_all(feeder, session, scene.laid(feeder))


@pytest.mark.long
def test_memory_and_open_files_stay_flat(bots: Bots, server: DaemonProcess) -> None:
    said = gathered(sessions, 30)
    known = scene.laid(bots.named("ada"))
    for _ in range(5):
        repeat(bots, said, known)
    memory, files = resident(server.pid), open_files(server.pid)
    for _ in range(15):
        repeat(bots, said, known)
    assert resident(server.pid) - memory < 8 * MIB
    assert open_files(server.pid) - files < 8


def repeat(bots: Bots, said: list[list[frames.Draft]], known: dict[Any, Any]) -> None:
    """Has all sessions about the same things, each on a connection of its own."""
    for session in said:
        feeder = bots.named("ada")
        feed_all(feeder, session, known)
        feeder.close()


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(fed, max_examples=2000)
@given(session=sessions)
def test_very_many_frames_get_their_answers(feeder: Plain, session: list[frames.Draft]) -> None:
    feed_all(feeder, session, scene.laid(feeder))
