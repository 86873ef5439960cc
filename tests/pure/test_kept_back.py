"""What a mailbox keeps back: a message that is recalled, or that somebody else may want."""

import pytest

from botbus_daemon.mailbox import Mailbox
from tests.pure.boxes import BASE, fill, lease, left, message


def test_a_message_is_withheld_and_no_other(box: Mailbox) -> None:
    fill(box, 3)
    box.withhold(BASE + 2)
    box.release(BASE + 2)
    fill(box, 4)
    assert left(box) == [3, 4]


def test_a_message_that_comes_while_it_is_withheld_waits_for_its_release(box: Mailbox) -> None:
    box.withhold(BASE + 1)
    fill(box, 1, 2)
    assert box.cursors() == {"": BASE, "news": BASE}
    assert left(box) == [2]
    box.release(BASE + 1)
    assert left(box) == [1]


def test_a_message_that_is_released_is_as_fresh_as_it_was(box: Mailbox) -> None:
    """So it leaves with its channel, and a verdict on it is one on a message that nobody holds."""
    fill(box, 1, 2, 3)
    box.withhold(BASE + 2)
    assert box.release(BASE + 2)
    assert [message.seq - BASE for message in box.fresh] == [1, 2, 3]
    assert box.open == {}
    assert not box.release(BASE + 4)


def test_what_is_lent_is_lent_once(box: Mailbox) -> None:
    fill(box, 1, 2)
    held = lease(box)
    assert not box.lend(held.seq)
    assert box.lend(BASE + 2)
    assert not box.lend(BASE + 2)
    box.settled(BASE + 2)
    assert box.lend(BASE + 2)


@pytest.mark.parametrize("state", ["ready", "waiting"])
def test_what_nobody_holds_can_be_lent_and_comes_back(box: Mailbox, state: str) -> None:
    fill(box, 1)
    delivery = lease(box)
    if state == "waiting":
        box.postpone(delivery, 50.0)
    else:
        box.uncount(delivery)
    assert box.lend(BASE + 1)
    box.take_back(message(1), routed=False)
    assert delivery.state == state


def test_what_will_be_gathered_is_taken_back_by_waiting_for_it(box: Mailbox) -> None:
    assert box.lend(BASE + 1)
    box.take_back(message(1), routed=True)
    assert left(box) == []
    fill(box, 1)
    assert left(box) == [1]


def test_what_nobody_will_gather_is_ready_when_it_is_taken_back(box: Mailbox) -> None:
    assert box.lend(BASE + 1)
    box.take_back(message(1), routed=False)
    assert left(box) == [1]


def test_what_was_gathered_meanwhile_is_taken_back_once(box: Mailbox) -> None:
    assert box.lend(BASE + 1)
    fill(box, 1)
    box.take_back(message(1), routed=False)
    assert left(box) == [1]


def test_what_was_lent_is_taken_back_as_it_was(box: Mailbox) -> None:
    """Neither twice, nor with its attempts forgotten."""
    fill(box, 1, 2)
    tried = lease(box)
    box.give_back(tried, now=0.0)
    box.due(now=1000.0)
    for seq in (1, 2):
        assert box.lend(BASE + seq)
        box.take_back(message(seq), routed=False)
    assert box.open[BASE + 1] is tried
    assert left(box) == [1, 2]
