"""The mailbox by itself, against an oracle that is too simple to be wrong.

Hypothesis makes up a life of commits, fetches, verdicts that reach the disk or do not, ended
leases, lost connections, recalls, writes behind and crashes; the oracle knows of each message only
whether it is settled, who holds it, and how often it was tried. At the end of each life everything
that is not settled must still be there to be delivered.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.mailbox import Mailbox
from botbus_protocol.records import Message
from tests.daemon.oracle import Row, Truth

SOURCES = ("", "news", "builds")
HOLDERS = ("a", "b", "c")
"""The mailbox tells holders apart by identity: it must be given these very objects."""
POLICY = DeliveryPolicy(
    max_deliveries=3, backoff_seconds=2.0, backoff_limit_seconds=8.0, max_in_flight=4
)


class Life(RuleBasedStateMachine):
    @initialize(source=st.sampled_from(SOURCES), count=st.integers(1, 6))
    def begin(self, source: str, count: int) -> None:
        self.now = 0.0
        self.head = 0
        self.leases = 0
        self.truths: dict[int, Truth] = {}
        self.rows: dict[int, Row] = {}
        self.in_memory: set[int] = set()
        self.kept_out: set[int] = set()
        """Those that are in no stream, while the mailbox lives that was offered them."""
        self.cursors = dict.fromkeys(SOURCES, 0)
        self.last_first = 0
        self.mailbox = self.empty_mailbox()
        self.commit(source, count)

    def empty_mailbox(self) -> Mailbox:
        mailbox = Mailbox("id", "bot", POLICY)
        mailbox.positions = dict(self.cursors)
        return mailbox

    # What happens outside

    @rule(source=st.sampled_from(SOURCES), count=st.integers(1, 3))
    def commit(self, source: str, count: int) -> None:
        for _ in range(count):
            self.head += 1
            message = Message(seq=self.head, id=str(self.head), sender="s", channel=source or None)
            self.truths[self.head] = Truth(message, source)

    @rule(most=st.sampled_from([1, 3, 100]))
    def gather_a_page(self, most: int) -> None:
        self.gather(most)

    def gather(self, most: int = 100) -> None:
        """What lies beyond the positions: from disk, if it has no row; from memory whatever it is."""
        positions = self.mailbox.positions
        page = [
            truth.message
            for seq, truth in self.truths.items()
            if seq > positions[truth.source]
            and seq not in self.kept_out
            and (seq in self.in_memory or (seq not in self.rows and not truth.settled))
        ][:most]
        self.mailbox.gathered(page, page[-1].seq if len(page) == most else self.head)

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 20.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for delivery in self.mailbox.due(self.now):
            assert self.truths[delivery.seq].lease_end <= self.now, "ended too early"
            self.end_lease(delivery)
        due = self.mailbox.next_due()
        assert due is None or due >= self.now

    def end_lease(self, delivery: OpenDelivery) -> None:
        truth = self.truths[delivery.seq]
        truth.holder = None
        if self.mailbox.give_back(delivery, self.now):
            truth.due = delivery.deadline
        else:
            assert truth.attempts >= POLICY.max_deliveries
            self.settle(delivery.seq)

    def settle(self, seq: int, *, ahead: bool = False) -> None:
        """A final row is on disk."""
        self.rows.pop(seq, None)
        truth = self.truths[seq]
        truth.settled, truth.holder = True, None
        self.mailbox.settled(seq, ahead=ahead)

    # What holders do

    @rule(
        holder=st.sampled_from(HOLDERS), most=st.integers(1, 4), lease=st.sampled_from([1.0, 10.0])
    )
    def fetch(self, holder: str, most: int, lease: float) -> None:
        for _ in range(most):
            if not self.mailbox.has_room():
                return
            self.read_again()
            oldest = min(self.available(), default=None)
            delivery = self.mailbox.next_ready()
            assert oldest == (delivery and delivery.seq)
            if delivery is None:
                self.gather()
                delivery = self.mailbox.next_ready()
            if delivery is None:
                return
            self.hand_out(delivery, holder, lease)

    def available(self) -> list[int]:
        open_ = self.mailbox.open.values()
        ready = [delivery.seq for delivery in open_ if delivery.state == "ready"]
        return ready + [message.seq for message in self.mailbox.fresh]

    def read_again(self) -> None:
        for seq in self.mailbox.unread(10):
            self.mailbox.open[seq].message = self.truths[seq].message

    def hand_out(self, delivery: OpenDelivery, holder: str, lease: float) -> None:
        truth = self.truths[delivery.seq]
        assert delivery.message is truth.message
        assert not truth.settled, "handed out after it was settled"
        assert truth.holder is None, "handed out to two"
        assert truth.due <= self.now, "handed out too early"
        if not truth.handed_out:
            assert delivery.seq > self.last_first, "first deliveries out of order"
            self.last_first = delivery.seq
        self.leases += 1
        self.mailbox.lease(delivery, f"1.{self.leases}", holder, 7, self.now + lease)
        truth.holder, truth.handed_out = holder, True
        truth.lease_end = self.now + lease
        truth.attempts += 1
        assert delivery.attempts == truth.attempts <= POLICY.max_deliveries

    @rule(choice=st.integers(0, 100), verdict=st.sampled_from(["ack", "fail", "nak", "not now"]))
    def verdict(self, choice: int, verdict: str) -> None:
        if not (held := self.held()):
            return
        delivery = held[choice % len(held)]
        truth = self.truths[delivery.seq]
        self.mailbox.settling(delivery)
        last = verdict == "nak" and truth.attempts == POLICY.max_deliveries
        if verdict == "ack" or last:
            self.settle(delivery.seq)
        elif verdict == "fail":
            self.mailbox.unsettled(delivery)
            assert delivery.state == "leased"
        else:
            truth.attempts -= verdict == "not now"
            truth.holder, truth.due = None, self.now + 5.0
            delivery.attempts = truth.attempts
            self.mailbox.postpone(delivery, truth.due)
            delivery.recorded = True
            self.rows[delivery.seq] = Row(delivery)

    @rule(choice=st.integers(0, 100), succeeds=st.booleans())
    def late_ack(self, choice: int, succeeds: bool) -> None:
        """Of a delivery that waits to be offered again."""
        waiting = [d for d in self.mailbox.open.values() if d.state == "waiting"]
        if not waiting:
            return
        delivery = waiting[choice % len(waiting)]
        self.mailbox.settling(delivery)
        if succeeds:
            self.settle(delivery.seq)
        else:
            self.mailbox.unsettled(delivery)

    @rule(choice=st.integers(0, 100), seconds=st.sampled_from([0.5, 2.0, 10.0]))
    def extend(self, choice: int, seconds: float) -> None:
        if not (held := self.held()):
            return
        delivery = held[choice % len(held)]
        self.truths[delivery.seq].lease_end = self.now + seconds
        self.mailbox.extend(delivery, self.now + seconds)

    @rule(holder=st.sampled_from(HOLDERS))
    def disconnect(self, holder: str) -> None:
        for delivery in self.mailbox.held_by(holder):
            self.end_lease(delivery)
        assert holder not in {truth.holder for truth in self.truths.values()}

    @rule(holder=st.sampled_from(HOLDERS))
    def cancel(self, holder: str) -> None:
        """It never saw what it was handed."""
        for delivery in self.mailbox.held_by(holder):
            truth = self.truths[delivery.seq]
            truth.holder = None
            truth.attempts -= 1
            self.mailbox.uncount(delivery)

    @rule(choice=st.integers(0, 100), succeeds=st.booleans(), meanwhile=st.booleans())
    def recall(self, choice: int, succeeds: bool, meanwhile: bool) -> None:
        if not (unheld := self.unheld()):
            return
        truth = unheld[choice % len(unheld)]
        seq = truth.message.seq
        self.mailbox.withhold(seq)
        if meanwhile:
            self.gather()
            self.pass_time(1.0)
            self.fetch(HOLDERS[0], 4, 10.0)
            assert truth.holder is None, "handed out while it was withheld"
        if succeeds:
            self.settle_ahead(truth)
        else:
            truth.handed_out |= meanwhile  # then it may come out of order
            self.mailbox.release(seq)

    def settle_ahead(self, truth: Truth) -> None:
        """Settles what may not have been gathered, but lies in memory and will be."""
        self.in_memory.add(truth.message.seq)
        self.settle(truth.message.seq, ahead=True)

    @rule(choice=st.integers(0, 100), taken=st.booleans(), meanwhile=st.booleans())
    def lend(self, choice: int, taken: bool, meanwhile: bool) -> None:
        """Somebody else may want a message, whether it was gathered or not."""
        if not (unheld := self.unheld()):
            return
        truth = unheld[choice % len(unheld)]
        seq = truth.message.seq
        assert self.mailbox.lend(seq)
        assert not self.mailbox.lend(seq), "lent to two"
        if meanwhile:
            self.gather()
            self.fetch(HOLDERS[0], 4, 10.0)
            assert truth.holder is None, "handed out while it was lent"
        if taken:
            self.settle_ahead(truth)
        else:
            truth.handed_out = True  # it comes out of order now
            self.mailbox.take_back(truth.message, routed=True)

    @rule(taken=st.booleans(), source=st.sampled_from(SOURCES), meanwhile=st.booleans())
    def keep_out(self, taken: bool, source: str, meanwhile: bool) -> None:
        """Somebody else may want a message that has not gone into any stream."""
        self.head += 1
        message = Message(seq=self.head, id=str(self.head), sender="s", channel=source or None)
        truth = self.truths[self.head] = Truth(message, source)
        assert self.mailbox.lend(message.seq)
        self.kept_out.add(message.seq)
        if meanwhile:
            self.commit(source, 2)
            self.gather()
        if taken:
            self.settle(message.seq)
        else:
            truth.handed_out = True
            self.mailbox.take_back(message, routed=False)

    @rule(choice=st.integers(0, 100))
    def lend_what_is_held(self, choice: int) -> None:
        if held := self.held():
            assert not self.mailbox.lend(held[choice % len(held)].seq)

    # What the disk learns

    @rule()
    def write_behind(self) -> None:
        for delivery in list(self.mailbox.unrecorded()):
            delivery.recorded = True
            self.rows[delivery.seq] = Row(delivery)
        for source, cursor in self.mailbox.cursors().items():
            self.cursors[source] = max(self.cursors[source], cursor)

    @rule()
    def crash(self) -> None:
        self.in_memory.clear()
        self.kept_out.clear()
        self.mailbox = self.empty_mailbox()
        self.last_first = 0
        for truth in self.truths.values():
            truth.holder, truth.handed_out, truth.attempts, truth.due = None, False, 0, 0.0
        for seq, row in self.rows.items():
            self.restore(seq, row)

    def restore(self, seq: int, row: Row) -> None:
        delivery = OpenDelivery(seq)
        delivery.attempts, delivery.lease, delivery.recorded = row.attempts, row.lease, True
        truth = self.truths[seq]
        truth.handed_out = True
        truth.attempts = delivery.attempts = min(row.attempts, POLICY.max_deliveries - 1)
        if row.state == "waiting" and row.due > self.now:
            delivery.move("waiting")
            delivery.deadline = truth.due = row.due
        self.mailbox.restore(delivery)

    # What must always hold

    def held(self) -> list[OpenDelivery]:
        return [d for holder in HOLDERS for d in self.mailbox.held_by(holder)]

    def unheld(self) -> list[Truth]:
        return [t for t in self.truths.values() if not t.settled and t.holder is None]

    @invariant()
    def holders_are_as_the_oracle_says(self) -> None:
        believed = {d.seq: d.holder for d in self.held()}
        known: dict[int, Any] = {s: t.holder for s, t in self.truths.items() if t.holder}
        assert believed == known
        assert self.mailbox.in_flight == len(known) <= POLICY.max_in_flight

    @invariant()
    def no_cursor_passes_what_has_no_row(self) -> None:
        for seq, truth in self.truths.items():
            if seq <= self.cursors[truth.source]:
                assert truth.settled or seq in self.rows

    def teardown(self) -> None:
        """Whatever is not settled can still be delivered, each once."""
        if not hasattr(self, "mailbox"):
            return
        for holder in HOLDERS:
            self.disconnect(holder)
        open_ = {seq for seq, truth in self.truths.items() if not truth.settled}
        for _ in range(len(open_)):
            self.gather()
            self.pass_time(20.0)
            self.fetch(HOLDERS[0], 4, 1000.0)
            for delivery in self.mailbox.held_by(HOLDERS[0]):
                open_.remove(delivery.seq)
                self.settle(delivery.seq)
        assert open_ == set(), "lost"


Life.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestLife = Life.TestCase
