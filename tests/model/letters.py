"""The oracle's mailboxes: what was sent, to whom, and what may and must become of it.

Pure: it is told what was answered and when, and says what is allowed. A *letter* is one message at one
bot. What the daemon writes behind (that something was handed out) it may forget when it is
killed: then the oracle knows bounds instead of figures, and says so in `least`, `most` and `leases`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_DELIVERIES = 3
SOON = 5.0
"""Seconds: what is due within them must come to whoever waits for it."""
SLACK = 0.05
"""Seconds by which two readings of the clock may differ."""


@dataclass
class Sent:
    """A message that the daemon has acknowledged, or that was seen after a crash."""

    id: str
    seq: int
    sender: str
    to: str | None
    channel: str | None
    body: Any
    not_before: float = 0.0
    expires: float | None = None
    recalled: bool = False

    def expired(self, now: float) -> bool:
        return self.expires is not None and now > self.expires + SLACK


@dataclass
class Letter:
    message: Sent
    state: str = "fresh"
    """fresh, out (with a holder), waiting, acked, dead or dropped."""
    due: float = 0.0
    holder: int | None = None
    least: int = 0
    most: int = 0
    seen: bool = False
    """Whether it was handed out, or perhaps was."""
    leases: list[str] = field(default_factory=list)
    """Those that the daemon may take for the last one; the last is the last."""
    kept_attempts: int = 0
    kept_lease: str | None = None
    """What is on the disk for certain."""
    doubt: bool = False
    """Whether the daemon may have forgotten what was not."""
    nameless: bool = False
    """Whether the disk may know it without a lease: it was put off, or replayed."""

    def open(self, now: float) -> bool:
        return self.state in {"fresh", "out", "waiting"} and not self.gone(now)

    def gone(self, now: float) -> bool:
        return self.message.recalled or (self.state != "out" and self.message.expired(now))

    def ready_at(self) -> float:
        return max(self.due, self.message.not_before)

    def keep(self) -> None:
        """What is believed of it is on the disk now."""
        self.kept_attempts, self.kept_lease = self.most, self.leases[-1] if self.leases else None
        self.leases = self.leases[-1:]
        self.doubt = False

    def put_back(self, due: float) -> None:
        self.state, self.due, self.holder = "waiting", due, None

    def end(self, state: str) -> None:
        self.state, self.holder = state, None
        self.keep()

    def lose_sight(self) -> None:
        """It may have been handed out, and the daemon may have written that down, or not."""
        self.seen, self.doubt = True, True
        self.state = "waiting" if self.state == "fresh" else self.state
        self.most += 1
        self.leases.append("unknown")

    def survive(self, *, killed: bool) -> None:
        """The daemon was started again: nobody holds anything."""
        if not killed and not self.doubt:
            self.keep()
        if self.state == "out":
            self.put_back(0.0)
        if killed and self.state == "waiting" and self.leases not in ([], [self.kept_lease]):
            self.due, self.least, self.doubt = 0.0, min(self.least, self.kept_attempts), True
            known = [] if self.kept_lease is None else [self.kept_lease]
            self.leases = list(dict.fromkeys([*known, *self.leases]))


class Letters:
    """All mailboxes of one example."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.boxes: dict[str, dict[int, Letter]] = {}
        self.channels: dict[str, set[str]] = {}
        self.last_seq = 0

    def box(self, bot: str) -> dict[int, Letter]:
        return self.boxes.setdefault(bot, {})

    # What is sent

    def commit(self, message: Sent) -> None:
        """A message is there: in commit order, whatever was before."""
        assert message.seq > self.last_seq, f"seq {message.seq} came after {self.last_seq}"
        self.last_seq = message.seq
        self.sent[message.id] = message
        bots = {message.to} if message.to is not None else self.channels[str(message.channel)]
        for bot in bots:
            self.box(str(bot))[message.seq] = Letter(message, nameless=message.not_before > 0)

    def subscribe(self, bot: str, channel: str, first: int) -> None:
        self.channels[channel].add(bot)
        for message in self.sent.values():
            if message.channel == channel and message.seq >= first:
                letter = Letter(message, nameless=message.not_before > 0)
                self.box(bot).setdefault(message.seq, letter)

    def unsubscribe(self, bot: str, channel: str) -> None:
        """What nobody was handed is no longer for this bot."""
        self.channels[channel].discard(bot)
        for seq, letter in list(self.box(bot).items()):
            if letter.message.channel == channel and not letter.seen:
                del self.box(bot)[seq]

    def of(self, message: str) -> list[Letter]:
        seq = self.sent[message].seq
        return [box[seq] for box in self.boxes.values() if seq in box]

    # What is handed out

    def due(self, bot: str, now: float) -> list[Letter]:
        """What must come soon to a bot that waits."""
        return [
            letter
            for letter in self.box(bot).values()
            if letter.state in {"fresh", "waiting"}
            and letter.message.expires is None
            and not letter.message.recalled
            and letter.ready_at() < now + SOON
        ]

    def hand_out(self, bot: str, delivery: Any, holder: int, span: tuple[float, float]) -> None:
        """A delivery was received: it must have been allowed to come."""
        before, after = span
        letter = self.box(bot).get(delivery["message"]["seq"])
        assert letter is not None, f"nobody sent this: {delivery}"
        message = letter.message
        assert (message.id, message.sender, message.body) == (
            delivery["message"]["id"],
            delivery["message"]["sender"],
            delivery["message"].get("body"),
        )
        assert letter.state in {"fresh", "waiting"}, f"{letter} was delivered again"
        assert not letter.gone(before), f"{letter} was delivered"
        assert letter.ready_at() < after + SLACK, f"{letter} was delivered too early"
        assert letter.least < delivery["attempt"] <= letter.most + 1, (letter, delivery)
        if not letter.seen and not message.not_before:
            self._check_order(bot, letter)
        letter.state, letter.holder, letter.seen, letter.doubt = "out", holder, True, False
        letter.least = letter.most = delivery["attempt"]
        letter.leases.append(delivery["lease"])

    def _check_order(self, bot: str, letter: Letter) -> None:
        overtaken = [
            other
            for seq, other in self.box(bot).items()
            if seq < letter.message.seq
            and other.state == "fresh"
            and not other.seen
            and not other.message.not_before
            and other.message.expires is None
            and not other.message.recalled
        ]
        assert overtaken == [], f"{letter} came before {overtaken}"

    def held(self, holder: int) -> Iterator[tuple[str, Letter]]:
        for bot, box in self.boxes.items():
            for letter in box.values():
                if letter.holder == holder:
                    yield bot, letter

    def let_go(self, letter: Letter, now: float) -> None:
        """A lease has ended without a verdict."""
        if letter.most >= MAX_DELIVERIES:
            letter.end("dead")
        else:
            letter.put_back(now)

    def survive(self, *, killed: bool) -> None:
        for box in self.boxes.values():
            for letter in box.values():
                letter.survive(killed=killed)

    # Verdicts

    def expected(self, letter: Letter, op: str, lease: str) -> set[str]:
        """How a verdict may be answered: with `changed`, `unchanged`, or an error's code."""
        if lease not in letter.leases:
            return {"lease_lost"} if letter.leases else {"lease_lost", "not_found"}
        if letter.message.recalled:
            return {"changed", "unchanged", "lease_lost", "not_found"}
        if letter.doubt and letter.message.expires is not None:  # it may have expired unrecorded
            return {"changed", "unchanged", "lease_lost", "not_found"}
        if letter.doubt and (letter.nameless or letter.leases != [lease]):
            return {"changed", "unchanged", "lease_lost"}
        if lease != letter.leases[-1]:
            return {"lease_lost"}
        if letter.state == "out":
            return {"changed"}
        if letter.state == "waiting":
            if letter.message.expires is not None or (letter.doubt and op == "nak"):
                return {"changed", "unchanged"}
            return {"unchanged"} if op == "nak" else {"changed"}
        return {"changed"} if (letter.state, op) == ("dead", "ack") else {"unchanged"}

    def settle(
        self, letter: Letter, op: str, lease: str, due: float, *, counts: bool, was_out: bool
    ) -> None:
        """A verdict was accepted, and has changed something; perhaps of what was out just then."""
        letter.leases = [lease]
        if op != "nak":
            letter.end("acked" if op == "ack" else "dead")
            return
        if was_out and counts and letter.most >= MAX_DELIVERIES:
            letter.end("dead")
            return
        letter.put_back(due)
        letter.most -= not counts
        letter.least = letter.most if was_out else 0
        letter.keep()
        letter.kept_attempts = letter.least

    # Dead letters

    def dead(self, bot: str) -> dict[int, Letter]:
        return {seq: one for seq, one in self.box(bot).items() if one.state == "dead"}

    def replay(self, letter: Letter) -> None:
        letter.put_back(0.0)
        letter.least = letter.most = 0
        letter.leases, letter.nameless = [], True
        letter.keep()
