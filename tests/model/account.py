"""Where every message has gone: the daemon must have what the oracle has, no more and no less."""

import time
from itertools import pairwise

from hypothesis.stateful import rule

from tests.daemon.plain import Json
from tests.model.letters import Letter, Sent
from tests.model.scene import Scene


class Account(Scene):
    """Looks at mailboxes, dead letters and histories, now and then and at the end."""

    @rule()
    def look_into_mailboxes(self) -> None:
        for bot in self.world.bots:
            now = time.time()
            seen = [m["seq"] for m in self.peek(bot)]
            assert all(one < other for one, other in pairwise(seen))
            box = self.letters.box(bot)
            strange = [box.get(seq, seq) for seq in seen if not self._may_lie(bot, seq, now)]
            assert strange == [], f"{strange} should not be in the mailbox"
            missing = [one for seq, one in box.items() if one.open(now) and seq not in seen]
            lost = [one for one in missing if one.message.expires is None]
            assert lost == [], f"{lost} are not in the mailbox of {bot}"

    def _may_lie(self, bot: str, seq: int, before: float) -> bool:
        letter = self.letters.box(bot).get(seq)
        return letter is not None and letter.open(before)

    def peek(self, bot: str) -> list[Json]:
        found: list[Json] = []
        client = self.world.clients[self.speaker(bot)]
        while page := client.ok("peek", after=found[-1]["seq"] if found else 0)["messages"]:
            found += page
        return found

    @rule()
    def count_dead_letters(self) -> None:
        for bot in self.world.bots:
            listed = self.world.watcher.ok("list_dead", bot=bot)["dead"]
            found = {one["message"]["seq"]: one for one in listed}
            assert found.keys() == self.letters.dead(bot).keys()
            assert all(one["reason"] for one in listed)

    def let_go(self, holder: int) -> None:
        """Waits for the daemon, which writes behind that letters have died."""
        held = list(self.letters.held(holder))
        super().let_go(holder)
        for bot, letter in held:
            if letter.state == "dead":
                self.await_death(bot, letter)

    def await_death(self, bot: str, letter: Letter) -> None:
        self.until(lambda: self.state(bot, letter) == "dead", f"{letter} is dead")

    def account(self) -> None:
        super().account()
        self.compare_histories()
        for bot in self.world.bots:
            self.drain(bot)
        self.look_into_mailboxes()
        self.count_dead_letters()
        self.compare_fates()

    def drain(self, bot: str) -> None:
        """Takes everything that must come, from a connection that nothing was handed out to."""
        for number, speaker in enumerate(self.world.speakers):
            if speaker == bot:
                self.drop(number)
        client, holder = self.speaker(bot), self.world.holder[self.speaker(bot)]
        while due := self.letters.due(bot, time.time()):
            before = time.time()
            deliveries = self.world.clients[client].fetch(wait=10.0)
            assert deliveries, f"{due} are lost"
            for delivery in deliveries:
                self.letters.hand_out(bot, delivery, holder, (before, time.time()))
            self.ack_all(client, bot, deliveries)

    def ack_all(self, client: int, bot: str, deliveries: list[Json]) -> None:
        plain = self.world.clients[client]
        plain.ask(*(plain.verdict("ack", delivery) for delivery in deliveries))
        for delivery in deliveries:
            self.letters.box(bot)[delivery["message"]["seq"]].end("acked")

    def compare_histories(self) -> None:
        for channel in self.letters.channels:
            sent = [m for m in self.letters.sent.values() if m.channel == channel]
            self._compare(sent, {"channel": channel})
        for one in self.world.bots:
            for other in self.world.bots:
                pair = {one, other}
                sent = [m for m in self.letters.sent.values() if {m.sender, m.to} == pair]
                self._compare(sent, {"between": [one, other]})

    def _compare(self, sent: list[Sent], of: Json) -> None:
        found: list[Json] = []
        while page := self._page(of, found[-1]["seq"] if found else 0):
            found += page
        told = [(m["seq"], m["id"], m["sender"], m.get("body")) for m in found]
        assert told == [(m.seq, m.id, m.sender, m.body) for m in sent], of

    def _page(self, of: Json, after: int) -> list[Json]:
        page: list[Json] = self.world.watcher.ok("history", after=after, **of)["messages"]
        return page

    def compare_fates(self) -> None:
        """Each letter is, by its message's life, in the state that the oracle has it in."""
        for bot, box in self.letters.boxes.items():
            wrong = [
                (letter, fate)
                for letter in box.values()
                if (fate := self.state(bot, letter)) not in _fates(letter)
            ]
            assert wrong == [], wrong

    def state(self, bot: str, letter: Letter) -> str:
        """The state of a letter by the life of its message."""
        life = self.world.watcher.ok("show_message", id=letter.message.id)
        record = next((r for r in life["deliveries"] if r["bot"] == bot), None)
        return str(record["state"]) if record is not None else "none"


def _fates(letter: Letter) -> set[str]:
    """What `show_message` may tell of a letter that nobody holds any more."""
    if letter.message.recalled:  # perhaps after its ttl, which a fetch had noticed before
        expired = {"expired"} if letter.message.expires is not None else set()
        return {"recalled", "none", letter.state} | expired
    if letter.state in {"acked", "dead", "dropped"}:
        return {letter.state}
    due = {"pending", "waiting"} | ({"leased"} if letter.seen else set())
    return due | {"expired"} if letter.message.expires is not None else due
