"""The figures of mailboxes against what is really there, under any traffic."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from botbus_daemon.charges import mailboxes as module
from botbus_daemon.charges.mailboxes import Mailboxes, Share, Snapshot
from botbus_daemon.charges.settings import BotLimits
from botbus_storage.reading.waiting import Waiting

LIMITS = BotLimits(mailbox_messages=6, mailbox_bytes=60, sender_messages=4, sender_bytes=40)
BOX, ID = "box", "0190-id-of-box"
SENDERS = ("a", "b", "c")
Letter = tuple[str, int]


def tally(letters: list[Letter]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for sender, size in letters:
        messages, total = found.get(sender, (0, 0))
        found[sender] = (messages + 1, total + size)
    return found


class OneMailbox(RuleBasedStateMachine):
    """`stored` is the truth of the disk, `under_way` what was let in and is not there yet."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes = Mailboxes(LIMITS)
        self.now = 0.0
        self.stored: list[Letter] = []
        self.under_way: list[tuple[Letter, Share]] = []
        self.counting: list[tuple[str, Snapshot, Waiting | None]] = []

    @initialize(
        letters=st.lists(st.tuples(st.sampled_from(SENDERS), st.integers(1, 5)), max_size=3)
    )
    def begin(self, letters: list[Letter]) -> None:
        self.stored = letters

    @rule(to=st.sampled_from((BOX, ID)), sender=st.sampled_from(SENDERS), size=st.integers(1, 30))
    def send(self, to: str, sender: str, size: int) -> None:
        share = self.boxes.take(to, sender, size)
        if share is not None:
            self.under_way.append(((sender, size), share))

    @rule(commits=st.booleans(), place=st.integers(0, 10))
    def land(self, *, commits: bool, place: int) -> None:
        if not self.under_way:
            return
        letter, share = self.under_way.pop(place % len(self.under_way))
        if commits:
            self.stored.append(letter)
            share.landed(letter[1])
        else:
            share.withdrawn(letter[1])

    @rule(place=st.integers(0, 10))
    def settle(self, place: int) -> None:
        if self.stored:
            self.stored.pop(place % len(self.stored))

    @rule(to=st.sampled_from((BOX, ID)), seconds=st.floats(0, 2))
    def begin_to_count(self, to: str, seconds: float) -> None:
        self.now += seconds
        if self.boxes.countable(to, self.now) and all(t != to for t, _, _ in self.counting):
            self.counting.append((to, self.boxes.snapshot(to, self.now), None))

    @rule()
    def read(self) -> None:
        self.counting = [
            (to, snapshot, waiting or Waiting(BOX, tally(self.stored)))
            for to, snapshot, waiting in self.counting
        ]

    @rule(seconds=st.floats(0, 2))
    def end_counting(self, seconds: float) -> None:
        self.now += seconds
        for to, snapshot, waiting in self.counting:
            if waiting is not None:
                self.boxes.counted(to, snapshot, waiting, self.now)
        self.counting = [c for c in self.counting if c[2] is None]

    @rule()
    def forget(self) -> None:
        """What it does when there is too much to remember."""
        self.boxes.forget(0)

    @invariant()
    def never_beyond_a_limit(self) -> None:
        letters = self.stored + [letter for letter, _ in self.under_way]
        assert len(letters) <= LIMITS.mailbox_messages
        assert sum(size for _, size in letters) <= LIMITS.mailbox_bytes
        for messages, size in tally(letters).values():
            assert messages <= LIMITS.sender_messages
            assert size <= LIMITS.sender_bytes

    def teardown(self) -> None:
        """Once all has landed and was counted, there is exactly as much room as there should be."""
        for letter, share in self.under_way:
            self.stored.append(letter)
            share.landed(letter[1])
        self.now += 1000
        snapshot = self.boxes.snapshot(BOX, self.now)
        self.boxes.counted(BOX, snapshot, Waiting(BOX, tally(self.stored)), self.now)
        room = LIMITS.mailbox_messages - len(self.stored)
        fitting = room > 0 and sum(size for _, size in self.stored) < LIMITS.mailbox_bytes
        assert (self.boxes.take(BOX, "somebody new", 1) is not None) == fitting


TestOneMailbox = OneMailbox.TestCase
TestOneMailbox.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def counted(boxes: Mailboxes, to: str, senders: dict[str, tuple[int, int]], now: float) -> None:
    boxes.counted(to, boxes.snapshot(to, now), Waiting(to, senders), now)


def test_a_mailbox_nobody_has_counted_lets_nothing_in() -> None:
    boxes = Mailboxes(BotLimits())
    assert boxes.take("box", "a", 1) is None
    counted(boxes, "box", {}, 0.0)
    assert boxes.take("box", "a", 1) is not None


def test_a_full_mailbox_is_not_counted_for_each_message() -> None:
    boxes = Mailboxes(BotLimits(mailbox_messages=10))
    snapshot = boxes.snapshot("box", 0.0)
    boxes.counted("box", snapshot, Waiting("box", {"a": (10, 10)}), 1.0)
    assert not boxes.countable("box", 4.9)
    assert boxes.countable("box", 5.1)
    excess = boxes.excess("box", "b", 1, 2.0)
    assert (excess.limit, excess.figure, excess.retry_after) == ("mailbox_messages", 10, 3.0)


def test_a_message_that_never_fits_does_not_have_the_mailbox_counted_again_and_again() -> None:
    boxes = Mailboxes(BotLimits(mailbox_bytes=100))
    counted(boxes, "box", {}, 0.0)
    assert boxes.take("box", "a", 101) is None
    assert boxes.excess("box", "a", 101, 0.0).limit == "mailbox_bytes"
    assert not boxes.countable("box", module.LEAST_PAUSE / 2)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FIGURES", 1000)
    boxes = Mailboxes(BotLimits())
    for number in range(5000):
        to = f"box-{number}"
        counted(boxes, to, {}, 0.0)
        share = boxes.take(to, "a", 1)
        assert share is not None
        share.landed(1)
    assert len(boxes) <= module.MOST_FIGURES
    assert boxes.take("box-0", "a", 1) is None
    assert boxes.take(f"box-{number}", "a", 1) is not None


def test_limits_that_change_hold_at_once() -> None:
    boxes = Mailboxes(BotLimits(sender_messages=1))
    counted(boxes, "box", {}, 0.0)
    assert boxes.take("box", "a", 1) is not None
    assert boxes.take("box", "a", 1) is None
    boxes.limit(BotLimits(sender_messages=2))
    assert boxes.take("box", "a", 1) is not None
    boxes.limit(BotLimits(sender_messages=0))
    assert all(boxes.take("box", "a", 1) for _ in range(100))


def landed(boxes: Mailboxes, to: str, count: int) -> None:
    for _ in range(count):
        share = boxes.take(to, "a", 1)
        assert share is not None
        share.landed(1)


def test_a_second_name_does_not_count_twice() -> None:
    boxes = Mailboxes(BotLimits(mailbox_messages=10))
    counted(boxes, BOX, {}, 0.0)
    landed(boxes, BOX, 5)
    boxes.counted(ID, boxes.snapshot(ID, 0.0), Waiting(BOX, {"a": (5, 5)}), 0.0)
    landed(boxes, ID, 5)
    assert boxes.take(BOX, "a", 1) is None


def test_what_was_read_before_a_mailbox_was_forgotten_is_not_believed() -> None:
    boxes = Mailboxes(BotLimits(mailbox_messages=10))
    counted(boxes, BOX, {}, 0.0)
    snapshot = boxes.snapshot(BOX, 0.0)
    landed(boxes, BOX, 10)
    boxes.forget(0)
    boxes.counted(BOX, snapshot, Waiting(BOX, {}), 0.0)
    assert boxes.take(BOX, "a", 1) is None
