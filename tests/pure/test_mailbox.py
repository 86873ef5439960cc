"""What a mailbox decides, case by case; its whole life is in `tests/daemon/test_mailbox.py`."""

import pytest

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.mailbox import Mailbox
from tests.pure.boxes import BASE, fill, has_ready, lease, left, message

# What comes in


@pytest.mark.parametrize("added", [(2, 4, 5), (4,), (2,)])
def test_a_source_that_reaches_further_back_falls_into_place(
    box: Mailbox, added: tuple[int, ...]
) -> None:
    fill(box, 3, 6)
    box.gathered([message(seq) for seq in added], BASE + 6, ["news"])
    assert left(box) == sorted([3, 6, *added])


def test_what_was_looked_at_is_accounted_for(box: Mailbox) -> None:
    box.gathered([message(3)], BASE + 4, ["news"])
    assert box.positions == {"": BASE, "news": BASE + 4}
    box.gathered([], BASE + 2)
    assert box.positions == {"": BASE + 2, "news": BASE + 4}


def test_what_is_settled_while_somebody_reads_is_not_taken_over(box: Mailbox) -> None:
    box.gathering = True
    for seq in (1, 3, 5):
        box.settled(BASE + seq)
    box.gathering = False
    fill(box, 1, 2)
    fill(box, 3, 4)
    fill(box, 5, 6)
    assert left(box) == [2, 4, 6]
    assert box._settled_meanwhile == set()


def test_what_is_settled_otherwise_is_not_remembered(box: Mailbox) -> None:
    fill(box, 1)
    box.settled(BASE + 1)
    assert box._settled_meanwhile == set()
    box.settled(BASE + 2, ahead=True)
    fill(box, 2, 3)
    assert left(box) == [3]


@pytest.mark.parametrize("deadline", [None, 4.0])
def test_what_the_disk_knew_as_open_is_there_again(box: Mailbox, deadline: float | None) -> None:
    delivery = OpenDelivery(BASE + 1, message(1))
    if deadline is not None:
        delivery.move("waiting")
        delivery.deadline = deadline
    box.restore(delivery)
    assert has_ready(box) is (deadline is None)
    assert box.next_due() == deadline
    assert box.due(4.0) == []
    assert left(box) == [1]


# What goes out


def test_ready_is_what_is_fresh_and_what_came_back(box: Mailbox) -> None:
    assert not has_ready(box)
    fill(box, 1)
    assert has_ready(box)
    delivery = lease(box)
    assert not has_ready(box)
    box.uncount(delivery)
    assert has_ready(box)


def test_room_ends_with_what_is_in_flight(box: Mailbox) -> None:
    fill(box, 1, 2, 3)
    for _ in range(3):
        assert box.has_room()
        lease(box)
    assert not box.has_room()
    box.settled(BASE + 2)
    assert box.has_room()
    assert box.in_flight == 2
    box.policy = DeliveryPolicy(max_in_flight=1)  # the settings were read anew
    assert not box.has_room()


def test_a_lease_says_who_holds_it_and_counts(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box, "a", 12.0)
    assert (delivery.lease, delivery.holder, delivery.holder_pid) == ("1.1", "a", 7)
    assert (delivery.attempts, delivery.deadline, delivery.recorded) == (1, 12.0, False)


def test_what_has_no_message_yet_is_read_first(box: Mailbox) -> None:
    for seq in (2, 1, 3):
        box.restore(OpenDelivery(BASE + seq))
    fill(box, 4)
    assert box.next_ready() is None
    assert box.unread(2) == [BASE + 1, BASE + 2]
    box.open[BASE + 1].message = message(1)
    assert box.unread(2) == [BASE + 2]
    delivery = box.next_ready()
    assert delivery is not None
    assert delivery.seq == BASE + 1


def test_fresh_messages_that_are_older_go_first(box: Mailbox) -> None:
    box.restore(OpenDelivery(BASE + 2, message(2)))
    fill(box, 1, 3)
    assert left(box) == [1, 2, 3]


# What comes back


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_fresh_message_that_is_settled_is_gone(box: Mailbox, gone: int) -> None:
    fill(box, 1, 2, 3)
    box.settled(BASE + gone)
    assert left(box) == [seq for seq in (1, 2, 3) if seq != gone]
    fill(box, 4)
    box.settled(BASE + 4)
    assert left(box) == []


def test_a_verdict_that_cannot_be_written_leaves_all_as_it_was(box: Mailbox) -> None:
    fill(box, 1, 2)
    leased = lease(box, "a", 10.0)
    box.settling(leased)
    box.settling(leased)
    assert box.due(10.0) == []
    box.unsettled(leased)
    assert (leased.state, leased.holder) == ("leased", "a")
    assert box.due(10.0) == [leased]
    box.withhold(BASE + 1)
    box.unsettled(leased)
    assert leased.state == "leased"


def test_only_what_is_settling_is_unsettled(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box)
    box.unsettled(delivery)
    assert (delivery.state, box.in_flight, has_ready(box)) == ("leased", 1, False)
    box.settling(delivery)
    box.settled(delivery.seq)
    box.unsettled(delivery)
    assert delivery.state == "gone"
    assert not has_ready(box)


def test_a_session_holds_what_it_has_leased_and_nothing_else(box: Mailbox) -> None:
    fill(box, 1, 2, 3)
    mine, theirs, decided = lease(box, "a"), lease(box, "b"), lease(box, "a")
    box.settling(decided)
    assert box.held_by("a") == [mine]
    assert box.held_by("b") == [theirs]
    assert box.held_by(None) == []


def test_the_last_attempt_is_not_followed_by_another(box: Mailbox) -> None:
    fill(box, 1)
    assert box.give_back(lease(box), 20.0)
    assert box.due(20.0) == []
    delivery = lease(box, "b", 30.0)
    assert delivery.attempts == 2
    assert not box.give_back(delivery, 30.0)
    assert delivery.state == "settling"


def test_what_only_waits_has_no_verdict_to_undo(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box)
    box.settling(delivery)
    box.unsettled(delivery)
    box.postpone(delivery, due=5.0)
    box.unsettled(delivery)
    assert delivery.state == "waiting"


# Time


def test_a_lease_ends_at_its_deadline_and_not_before(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box, "a", 10.0)
    assert box.due(9.9) == []
    assert box.due(10.0) == [delivery]
    assert box.due(11.0) == []


def test_a_lease_that_was_extended_ends_later_and_once(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box, "a", 10.0)
    for deadline in (15.0, 12.0, 12.0):
        box.extend(delivery, deadline)
    assert box.due(11.0) == []
    assert box.due(20.0) == [delivery]


def test_the_next_moment_is_the_first_of_all(box: Mailbox) -> None:
    assert box.next_due() is None
    fill(box, 1, 2, 3)
    for deadline in (5.0, 9.0, 7.0):
        lease(box, "a", deadline)
    assert box.next_due() == 5.0
    box.due(5.0)
    assert box.next_due() == 7.0


def test_what_was_put_off_is_ready_when_it_is_due(box: Mailbox) -> None:
    fill(box, 1)
    delivery = lease(box, "a", 5.0)
    box.postpone(delivery, 8.0)
    assert (delivery.holder, box.in_flight, delivery.lease) == (None, 0, "1.1")
    assert box.due(7.0) == []
    assert not has_ready(box)
    assert box.due(8.0) == []
    assert left(box) == [1]


# What the disk does not know yet


def test_unrecorded_is_what_was_handed_out_since(box: Mailbox) -> None:
    fill(box, 1, 2, 3, 4)
    held, put_off, given_back = lease(box), lease(box), lease(box)
    box.postpone(put_off, 50.0)
    given_back.attempts = 2
    box.uncount(given_back)
    assert list(box.unrecorded()) == [held, put_off, given_back]
    for delivery in (held, put_off, given_back):
        delivery.recorded = True
    assert list(box.unrecorded()) == []
    box.extend(held, 60.0)
    assert list(box.unrecorded()) == []


def test_what_nobody_was_ever_handed_need_not_be_recorded(box: Mailbox) -> None:
    fill(box, 1, 2)
    never_seen, decided = lease(box), lease(box)
    box.uncount(never_seen)
    box.settling(decided)
    assert list(box.unrecorded()) == []


def test_cursors_stop_before_what_has_no_row_and_will_have_none(box: Mailbox) -> None:
    fill(box, 1, 2, 3, 4)
    cursors = [box.cursors()]
    for _ in range(3):
        lease(box)
        cursors.append(box.cursors())
    assert [each["news"] - BASE for each in cursors] == [0, 1, 2, 3]
    box.settling(box.open[BASE + 2])
    assert box.cursors()["news"] == BASE + 1
    box.settled(BASE + 2)
    box.settled(BASE + 4)
    assert box.cursors() == {"": BASE + 4, "news": BASE + 4}


def test_cursors_stop_before_what_is_withheld(box: Mailbox) -> None:
    fill(box, 1, 2, 3)
    lease(box)
    box.withhold(BASE + 3)
    assert box.cursors()[""] == BASE + 1
    lease(box)
    assert box.cursors()[""] == BASE + 2
    box.settling(box.open[BASE + 1])
    assert box.cursors()[""] == BASE
    box.settled(BASE + 3)
    assert box.cursors()[""] == BASE
