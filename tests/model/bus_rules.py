"""Rules about messages: who sends what to whom, who takes it, and what they say of it."""

import time
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.daemon.plain import Json
from tests.model.account import Account
from tests.model.letters import Letter
from tests.model.mail import Post, Recall, Revive, Subscription, Verdict
from tests.model.scene import HOW

FAR = 3600.0
TIMES = st.sampled_from([{}, {}, {}, {"delay": 0.05}, {"delay": FAR}, {"ttl": 0.03}, {"ttl": FAR}])
CLIENT = st.integers(0, 2)
VERDICTS: list[tuple[str, Json]] = [
    ("ack", {}),
    ("nak", {"delay": 0.0}),
    ("nak", {"delay": 0.05}),
    ("nak", {"delay": FAR}),
    ("nak", {"delay": 0.0, "counts": False}),
    ("term", {"reason": "no use"}),
]


class BusRules(Account):
    """Messages, mailboxes, channels, dead letters."""

    def body(self) -> Json:
        self.number += 1
        return {"number": self.number}

    def address(self, data: st.DataObject) -> Json:
        channel = [{"channel": name} for name in self.letters.channels]
        return data.draw(st.sampled_from([*channel, *({"to": bot} for bot in self.world.bots)]))

    def post(self, data: st.DataObject, client: int, times: Json) -> Post:
        bot = self.world.speakers[client]
        post = Post(self.letters, bot, self.address(data), self.body(), **times)
        self.posts.append((client, post))
        return post

    @rule(data=st.data(), client=CLIENT, times=TIMES, how=HOW)
    def send_or_publish(self, data: st.DataObject, client: int, times: Json, how: str) -> None:
        self.carry_out(client, [self.post(data, client, times)], how)

    @rule(data=st.data(), client=CLIENT, count=st.integers(2, 4), how=HOW, atomic=st.booleans())
    def send_many(
        self, data: st.DataObject, client: int, count: int, how: str, atomic: bool
    ) -> None:
        posts = [self.post(data, client, {}) for _ in range(count)]
        self.carry_out(client, posts, how, atomic=atomic)

    @rule(client=CLIENT, most=st.integers(1, 4))
    def fetch(self, client: int, most: int) -> None:
        bot = self.world.speakers[client]
        due = self.letters.due(bot, time.time())
        before = time.time()
        deliveries = self.world.clients[client].fetch(
            max=most, wait=10.0 if due else 0.0, lease=600
        )
        assert deliveries or not due, f"{due} did not come"
        self.take(client, deliveries, before)

    def take(self, client: int, deliveries: list[Json], before: float) -> None:
        bot, holder = self.world.speakers[client], self.world.holder[client]
        for delivery in deliveries:
            self.letters.hand_out(bot, delivery, holder, (before, time.time()))
            letter = self.letters.box(bot)[delivery["message"]["seq"]]
            self.handed_out.append((bot, letter, delivery["lease"]))

    @precondition(lambda self: self.kills_left)
    @rule(client=CLIENT)
    def fetch_and_never_know(self, client: int) -> None:
        """The daemon is killed with the answer on its way: all of it may have been handed out."""
        bot = self.world.speakers[client]
        self.kill_while(client, [{"op": "fetch", "max": 3, "lease": 600}], atomic=False)
        for letter in self.letters.box(bot).values():
            if letter.open(time.time()):
                letter.lose_sight()

    def verdict(self, data: st.DataObject) -> tuple[str, Verdict]:
        recent = self.handed_out[-6:]
        bot, letter, lease = data.draw(st.sampled_from(recent + self.handed_out[:3]))
        op, more = data.draw(st.sampled_from(VERDICTS))
        return bot, Verdict(self.letters, bot, letter, lease, op, **more)

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), how=HOW)
    def settle(self, data: st.DataObject, how: str) -> None:
        """By any connection of the bot, with any lease that it ever had."""
        bot, verdict = self.verdict(data)
        self.carry_out(self.speaker(bot), [verdict], how)

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), how=HOW, poisoned=st.booleans())
    def settle_and_reply(self, data: st.DataObject, how: str, poisoned: bool) -> None:
        """In one atomic frame; a poisoned one has no effect at all."""
        bot, verdict = self.verdict(data)
        client = self.speaker(bot)
        reply = Post(self.letters, bot, self.address(data), self.body())
        if poisoned:
            self.refuse(client, [verdict, reply])
            return
        if self.carry_out(client, [verdict, reply], how, atomic=True):
            self.posts.append((client, reply))

    @precondition(lambda self: any(letter.state == "out" for _, letter, _ in self.handed_out))
    @rule(data=st.data())
    def let_a_lease_lapse(self, data: st.DataObject) -> None:
        held = [one for one in self.handed_out if one[1].state == "out"]
        bot, letter, _ = data.draw(st.sampled_from(held))
        client = self.world.clients[self.speaker(bot)]
        client.ok("extend", seq=letter.message.seq, lease=letter.leases[-1], seconds=0.1)
        self.wait_while_leased(bot, letter)
        self.letters.let_go(letter, 0.0)

    def wait_while_leased(self, bot: str, letter: Letter) -> None:
        self.until(lambda: self.state(bot, letter) != "leased", f"the lease of {letter} has ended")

    @precondition(lambda self: self.letters.sent)
    @rule(data=st.data(), client=CLIENT, how=HOW)
    def recall(self, data: st.DataObject, client: int, how: str) -> None:
        message = data.draw(st.sampled_from(list(self.letters.sent.values())[-4:]))
        self.carry_out(client, [Recall(self.letters, self.world.speakers[client], message)], how)

    @rule(data=st.data(), client=CLIENT, how=HOW)
    def subscribe(self, data: st.DataObject, client: int, how: str) -> None:
        channel = data.draw(st.sampled_from(list(self.letters.channels)))
        seqs = [m.seq for m in self.letters.sent.values() if m.channel == channel]
        start = data.draw(st.sampled_from(["new", "first", *seqs[-2:]]))
        self._subscription(client, channel, start, how)

    @rule(data=st.data(), client=CLIENT, how=HOW)
    def unsubscribe(self, data: st.DataObject, client: int, how: str) -> None:
        channel = data.draw(st.sampled_from(list(self.letters.channels)))
        self._subscription(client, channel, None, how)

    def _subscription(self, client: int, channel: str, start: Any, how: str) -> None:
        bot = self.world.speakers[client]
        subscription = Subscription(self.letters, bot, channel, start)
        self.carry_out(client, [subscription], how)

    @precondition(lambda self: any(self.letters.dead(bot) for bot in self.world.bots))
    @rule(data=st.data(), op=st.sampled_from(["replay_dead", "drop_dead"]), how=HOW)
    def revive(self, data: st.DataObject, op: str, how: str) -> None:
        bots = [bot for bot in self.world.bots if self.letters.dead(bot)]
        bot = data.draw(st.sampled_from(bots))
        revive = Revive(self.letters, bot, op)
        self.carry_out(self.speaker(bot), [revive], how)

    @precondition(lambda self: self.posts)
    @rule(data=st.data(), other=st.booleans())
    def say_it_again_much_later(self, data: st.DataObject, other: bool) -> None:
        """With the same id: the same, or something else, which is refused."""
        client, post = data.draw(st.sampled_from(self.posts))
        if post.request["id"] not in self.letters.sent:
            return
        request = {**post.request, "body": "something else"} if other else post.request
        (reply,) = self.world.clients[client].ask(request)
        if other:
            assert reply["error"]["code"] == "conflict"
        else:
            post.answered(reply, fresh=False)
