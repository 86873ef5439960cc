"""Operations on messages and mailboxes."""

import time
from typing import Any

from botbus_protocol import timestamps
from tests.daemon.plain import Json, new_id
from tests.model.letters import Letter, Letters, Sent
from tests.model.operations import Operation, outcome


class Post(Operation):
    """send or publish."""

    def __init__(self, letters: Letters, sender: str, address: Json, body: Any, **times: Any):
        self.letters, self.sender = letters, sender
        self.request: Json = {
            "op": "send" if "to" in address else "publish",
            "id": new_id(),
            "body": body,
            **address,
            **{name: value for name, value in times.items() if value is not None},
        }
        self.delay, self.ttl = times.get("delay"), times.get("ttl")
        self.began = time.time()

    def answered(self, reply: Json) -> None:
        receipt = reply["ok"]
        assert receipt["id"] == self.request["id"]
        known = self.letters.sent.get(receipt["id"])
        if self.fresh is not None:
            assert receipt.get("duplicate", False) is not self.fresh
            assert (known is None) is self.fresh
        if known is not None:
            assert receipt["seq"] == known.seq, "a repeat was stored again"
            return
        if "channel" in self.request:
            subscribers = self.letters.channels[self.request["channel"]]
            assert receipt.get("recipients", 1) == len(subscribers)
        self.commit(receipt["seq"])

    def commit(self, seq: int) -> None:
        now = time.time()
        self.letters.commit(
            Sent(
                id=self.request["id"],
                seq=seq,
                sender=self.sender,
                to=self.request.get("to"),
                channel=self.request.get("channel"),
                body=self.request["body"],
                not_before=self.began + self.delay if self.delay else 0.0,
                expires=now + self.ttl if self.ttl else None,
            )
        )

    def probe(self) -> Json:
        return {"op": "show_message", "id": self.request["id"]}

    def probed(self, reply: Json) -> bool:
        if "error" in reply:
            assert reply["error"]["code"] == "not_found"
            return False
        self.commit(reply["ok"]["message"]["seq"])
        return True


class Verdict(Operation):
    """ack, nak or term, with any lease that was ever given."""

    def __init__(
        self, letters: Letters, bot: str, letter: Letter, lease: str, op: str, **more: Any
    ):
        self.letters, self.bot, self.letter, self.lease, self.op = letters, bot, letter, lease, op
        self.request: Json = {"op": op, "seq": letter.message.seq, "lease": lease, **more}
        self.counts, self.delay = more.get("counts", True), more.get("delay", 0.0)
        self.before = letter.state

    def errors(self) -> set[str]:
        return self.letters.expected(self.letter, self.op, self.lease) - {"changed", "unchanged"}

    def answered(self, reply: Json) -> None:
        expected = self.letters.expected(self.letter, self.op, self.lease)
        if self.fresh is None and self.op == "nak":
            expected |= {"unchanged"}
        told, was_out = outcome(reply), self.letter.state == "out"
        if self.fresh is None and told == "unchanged" and self._done_before_the_crash(expected):
            told, was_out = "changed", self.before == "out"
            expected |= {"changed"}
        assert told in expected, (self.letter, self.request, reply, expected)
        if told == "changed":
            due, counts = time.time() + self.delay, self.counts
            self.letters.settle(
                self.letter, self.op, self.lease, due, counts=counts, was_out=was_out
            )

    def _done_before_the_crash(self, expected: set[str]) -> bool:
        """What changes nothing has changed it before; a nak only of what was out with its lease."""
        mine = self.before == "out" and self.lease == self.letter.leases[-1]
        return mine if self.op == "nak" else "changed" in expected

    def probe(self) -> Json:
        return {"op": "show_message", "id": self.letter.message.id}

    def probed(self, reply: Json) -> bool | None:
        record = next((r for r in reply["ok"]["deliveries"] if r["bot"] == self.bot), None)
        state = {"ack": "acked", "nak": "waiting", "term": "dead"}[self.op]
        if record is not None and self._was_the_last_attempt(record["state"]):
            self.letter.end("dead")
            return True
        if record is None or record["state"] != state:
            return None if self.op == "nak" else False
        if self.op == "nak":
            self.letter.least = 0
            self.letter.due = timestamps.to_epoch(record["due_at"])
            return None
        if self.before == state:
            return None
        self.letter.end(state)
        return True

    def _was_the_last_attempt(self, state: str) -> bool:
        return self.op == "nak" and state == "dead" and self.before == "out"


class Recall(Operation):
    """recall, of any message by any bot."""

    def __init__(self, letters: Letters, bot: str, message: Sent):
        self.letters, self.bot, self.message = letters, bot, message
        self.request: Json = {"op": "recall", "id": message.id}

    def errors(self) -> set[str]:
        return self._expected() - {"changed", "unchanged"}

    def _expected(self) -> set[str]:
        if self.message.sender != self.bot:
            return {"denied", "illegal_state"}
        if self.message.recalled:
            return {"unchanged"}
        letters = self.letters.of(self.message.id)
        if any(letter.seen and not letter.doubt for letter in letters):
            return {"illegal_state"}
        seen = any(letter.seen for letter in letters)
        return {"changed", "illegal_state"} if seen else {"changed"}

    def answered(self, reply: Json) -> None:
        expected = self._expected() | ({"unchanged"} if self.fresh is None else set())
        told = outcome(reply)
        assert told in expected, (self.message, self.request, reply, expected)
        self.message.recalled = self.message.recalled or told in {"changed", "unchanged"}


class Revive(Operation):
    """replay_dead or drop_dead."""

    def __init__(self, letters: Letters, bot: str, op: str):
        self.letters, self.bot, self.op = letters, bot, op
        self.seqs = sorted(letters.dead(bot))
        self.request: Json = {"op": op, "bot": bot, "seqs": self.seqs}

    def answered(self, reply: Json) -> None:
        done = reply["ok"]
        dead = [letter for seq in self.seqs if (letter := self.letters.dead(self.bot).get(seq))]
        if self.fresh is not None:
            assert done.get("count", 0) == len(dead), (reply, dead)
            assert done.get("changed", True) is bool(dead)
        for letter in dead:
            if self.op == "replay_dead":
                self.letters.replay(letter)
            else:
                letter.end("dropped")


class Subscription(Operation):
    """subscribe or unsubscribe."""

    def __init__(self, letters: Letters, bot: str, channel: str, start: str | int | None):
        self.letters, self.bot, self.channel, self.start = letters, bot, channel, start
        self.request: Json = {"op": "unsubscribe", "channel": channel}
        if start is not None:
            self.request = {"op": "subscribe", "channel": channel, "start": start}

    def answered(self, reply: Json) -> None:
        there = self.bot in self.letters.channels[self.channel]
        if self.start is None:
            changed, expected = reply["ok"].get("changed", True), there
        else:
            changed, expected = reply["ok"].get("created", False), not there
        if self.fresh is not None:
            assert changed is expected, (reply, there)
        if expected and self.start is None:
            self.letters.unsubscribe(self.bot, self.channel)
        elif expected:
            self.letters.subscribe(self.bot, self.channel, self._first())

    def _first(self) -> int:
        if isinstance(self.start, int):
            return self.start
        return 0 if self.start == "first" else self.letters.last_seq + 1
