"""Rules about messages: who sends what to whom, who takes it, and what they say of it."""

import time

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.daemon.plain import Json
from tests.model.account import Account
from tests.model.letters import Letter
from tests.model.mail import Post, Recall, Revive, Subscription, Verdict
from tests.model.scene import HOW, PICK, pick

FAR = 3600.0
TIMES = st.sampled_from([{}, {}, {}, {"delay": 0.05}, {"delay": FAR}, {"ttl": 0.03}, {"ttl": FAR}])
ATOMIC = st.booleans()
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

    def address(self, number: int) -> Json:
        channels = [{"channel": name} for name in self.letters.channels]
        return pick(number, [*({"to": bot} for bot in self.world.bots), *channels])

    def post(self, client: int, number: int, times: Json) -> Post:
        bot = self.world.speakers[client]
        post = Post(self.letters, bot, self.address(number), self.body(), **times)
        self.posts.append((client, post))
        return post

    @rule(client=CLIENT, number=PICK, times=TIMES, how=HOW)
    def send_or_publish(self, client: int, number: int, times: Json, how: str) -> None:
        self.carry_out(client, [self.post(client, number, times)], how)

    @rule(client=CLIENT, numbers=st.lists(PICK, min_size=2, max_size=4), how=HOW, atomic=ATOMIC)
    def send_many(self, client: int, numbers: list[int], how: str, atomic: bool) -> None:
        posts = [self.post(client, number, {}) for number in numbers]
        self.carry_out(client, posts, how, atomic=atomic)

    @rule(client=CLIENT, most=st.integers(1, 4))
    def fetch_some(self, client: int, most: int) -> None:
        self.fetch(client, most)

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

    @rule(client=CLIENT)
    def fetch_and_never_know(self, client: int) -> None:
        """The daemon is killed with the answer on its way: all of it may have been handed out."""
        if not self.may_kill():
            return
        bot = self.world.speakers[client]
        self.kill_while(client, [{"op": "fetch", "max": 3, "lease": 600}], atomic=False)
        for letter in self.letters.box(bot).values():
            if letter.open(time.time()) and letter.ready_at() < time.time():
                letter.lose_sight()

    def verdict(self, number: int, kind: int) -> tuple[str, Verdict]:
        """On something that was handed out lately, or has been handed out again since."""
        passed_on = [one for one in self.handed_out if one[2] not in one[1].leases[-1:]]
        bot, letter, lease = pick(number, self.handed_out[-6:] + passed_on[-3:])
        op, more = pick(kind, VERDICTS)
        return bot, Verdict(self.letters, bot, letter, lease, op, **more)

    def ack(self, bot: str, letter: Letter, lease: str) -> Verdict:
        return Verdict(self.letters, bot, letter, lease, "ack")

    @rule(number=PICK, kind=PICK, how=HOW)
    def settle(self, number: int, kind: int, how: str) -> None:
        """By any connection of the bot, with any lease that it ever had."""
        if not self.handed_out:
            self.fetch(number % 3, 2)
            return
        bot, verdict = self.verdict(number, kind)
        self.carry_out(self.speaker(bot), [verdict], how)

    @rule(number=PICK, kind=PICK, how=HOW, poisoned=st.booleans())
    def settle_and_reply(self, number: int, kind: int, how: str, poisoned: bool) -> None:
        """In one atomic frame; a poisoned one has no effect at all."""
        if not self.handed_out:
            self.fetch(kind % 3, 2)
            return
        bot, verdict = self.verdict(number, kind)
        client = self.speaker(bot)
        reply = Post(self.letters, bot, self.address(kind), self.body())
        if poisoned:
            self.refuse(client, [verdict, reply])
        elif self.carry_out(client, [verdict, reply], how, atomic=True):
            self.posts.append((client, reply))

    @rule(number=PICK)
    def let_a_lease_lapse(self, number: int) -> None:
        held = [one for one in self.handed_out if one[1].state == "out"]
        if not held:
            self.fetch(number % 3, 2)
            return
        bot, letter, _ = pick(number, held)
        client = self.world.clients[self.speaker(bot)]
        client.ok("extend", seq=letter.message.seq, lease=letter.leases[-1], seconds=0.1)
        self.until(lambda: self.state(bot, letter) != "leased", f"the lease of {letter} has ended")
        self.letters.let_go(letter, 0.0)

    @rule(number=PICK, client=CLIENT, how=HOW)
    def recall(self, number: int, client: int, how: str) -> None:
        if self.letters.sent:
            message = pick(number, list(self.letters.sent.values())[-4:])
            bot = self.world.speakers[client]
            self.carry_out(client, [Recall(self.letters, bot, message)], how)

    @rule(number=PICK, client=CLIENT, how=HOW, ends=st.booleans())
    def subscribe(self, number: int, client: int, how: str, ends: bool) -> None:
        channel = pick(number, list(self.letters.channels))
        seqs = [m.seq for m in self.letters.sent.values() if m.channel == channel]
        starts: list[str | int] = ["new", "first", *seqs[-2:]]
        start = None if ends else pick(number // 2, starts)
        bot = self.world.speakers[client]
        self.carry_out(client, [Subscription(self.letters, bot, channel, start)], how)
        if ends:
            self.forget_what_nobody_knows(bot, channel)

    def forget_what_nobody_knows(self, bot: str, channel: str) -> None:
        """What was handed out and forgotten in a crash is, without a subscription, for nobody."""
        for seq, letter in list(self.letters.box(bot).items()):
            of_channel = letter.message.channel == channel
            if of_channel and letter.doubt and self.state(bot, letter) == "none":
                del self.letters.box(bot)[seq]
                self.handed_out = [one for one in self.handed_out if one[1] is not letter]

    @rule(number=PICK, op=st.sampled_from(["replay_dead", "drop_dead"]), how=HOW)
    def revive(self, number: int, op: str, how: str) -> None:
        bots = [bot for bot in self.world.bots if self.letters.dead(bot)]
        if bots:
            bot = pick(number, bots)
            self.carry_out(self.speaker(bot), [Revive(self.letters, bot, op)], how)

    @rule(number=PICK, other=st.booleans())
    def say_it_again_much_later(self, number: int, other: bool) -> None:
        """With the same id: the same, or something else, which is refused."""
        said = [one for one in self.posts if one[1].request["id"] in self.letters.sent]
        if not said:
            return
        client, post = pick(number, said)
        request = {**post.request, "body": "something else"} if other else post.request
        (reply,) = self.world.clients[client].ask(request)
        if other:
            assert reply["error"]["code"] == "conflict"
        else:
            post.fresh = False
            post.answered(reply)
