"""Rules about runs: who starts, claims and steers them, and how their steps go."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.daemon.plain import Json
from tests.model.books import ENDED, Run, Wait
from tests.model.operations import Operation
from tests.model.run_account import RunAccount
from tests.model.runs import Finish, Start, Steer, Suspend
from tests.model.scene import HOW, PICK, pick
from tests.model.steps import Begin, Complete, Decide, Fail, Hold, sleep_of

CLIENT = st.integers(0, 2)
STEP = st.sampled_from(["one", "two", "three"])
CONTEXT = st.sampled_from([None, {"a": 1}, {"b": [2]}, {"a": None}])


class RunRules(RunAccount):
    """A workflow with runs that are worked on by several workers."""

    def holding(self, number: int) -> tuple[int, Run, str] | None:
        """A run that is held, by which client, under which lease."""
        held = [claim for claim in self.claims if claim[0].lease == claim[1]]
        if not held:
            self.claim_some(number % 3, 2)
            return None
        run, lease, client = pick(number, held[-5:])
        return client, run, lease

    @rule(
        client=CLIENT,
        key=st.sampled_from([None, None, "k1", "k2"]),
        slot_key=st.sampled_from([None, None, "s1"]),
        priority=st.sampled_from([0, 0, 5]),
        how=HOW,
    )
    def start(
        self, client: int, key: str | None, slot_key: str | None, priority: int, how: str
    ) -> None:
        fields: Json = {"priority": priority}
        if key is not None:
            fields["key"] = key
        if slot_key is not None:
            fields["concurrency_key"] = f"{self.world.prefix}-{slot_key}"
        self.carry_out(client, [Start(self.books, self.workflow["id"], **fields)], how)

    @rule(client=CLIENT, most=st.integers(1, 3))
    def claim(self, client: int, most: int) -> None:
        self.claim_some(client, most)

    @rule(client=CLIENT)
    def claim_and_never_know(self, client: int) -> None:
        if not self.may_kill():
            return
        self.kill_while(client, [self.claiming(2, wait=0.0)], atomic=False)
        for run in self.books.runs.values():
            status = self.look_at(run)["status"]
            if status != "paused":
                self.wake(run)
            if run.claimable and status == "crashed":
                run.status, run.crashes = "crashed", run.crashes + 1

    @rule(number=PICK, step=STEP)
    def begin(self, number: int, step: str) -> None:
        if (holding := self.holding(number)) is None:
            return
        client, run, lease = holding
        self.carry_out(client, [Begin(self.books, run, lease, step)], "once")

    @rule(number=PICK, step=STEP, context=CONTEXT, how=HOW)
    def complete(self, number: int, step: str, context: Json | None, how: str) -> None:
        if (holding := self.holding(number)) is None:
            return
        client, run, lease = holding
        self.carry_out(client, [self.completion(run, lease, step, context)], how)

    def completion(self, run: Run, lease: str, step: str, context: Json | None) -> Complete:
        self.number += 1
        more = {} if context is None else {"context": context}
        return Complete(self.books, run, lease, step, output={"number": self.number}, **more)

    @rule(number=PICK, step=STEP, final=st.booleans(), how=HOW)
    def fail(self, number: int, step: str, final: bool, how: str) -> None:
        if (holding := self.holding(number)) is None:
            return
        client, run, lease = holding
        self.number += 1
        failure = Fail(self.books, run, lease, step, f"broken {self.number}", final=final)
        self.carry_out(client, [failure], how)

    @rule(number=PICK, status=st.sampled_from(["completed", "completed", "failed"]), how=HOW)
    def finish(self, number: int, status: str, how: str) -> None:
        if (holding := self.holding(number)) is None:
            return
        client, run, lease = holding
        self.carry_out(client, [Finish(self.books, run, lease, status, self.body())], how)

    @rule(number=PICK, step=STEP, ends=st.booleans())
    def write_as_a_zombie(self, number: int, step: str, ends: bool) -> None:
        """With a lease that is lost nothing can be written."""
        lost = [claim for claim in self.claims if claim[0].lease != claim[1]]
        if not lost:
            return
        run, lease, client = pick(number, lost[-5:])
        request: Operation = self.completion(run, lease, step, {"zombie": True})
        if ends and not run.ended:
            request = Finish(self.books, run, lease, "completed", "zombie")
        self.carry_out(client, [request], "once")

    @rule(number=PICK, kind=st.sampled_from(["approval", "sleep", "message"]), how=HOW)
    def wait(self, number: int, kind: str, how: str) -> None:
        if (holding := self.holding(number)) is None:
            return
        client, run, lease = holding
        step = f"{kind}{len(run.waits) + len(run.finished)}"
        if run.pausing or step in run.tries:
            return
        wait, told = self.waiting(kind)
        frame = [Hold(self.books, run, lease, step, wait, **told), Suspend(self.books, run, lease)]
        self.carry_out(client, frame, how.replace("twice", "once"), atomic=True)

    def waiting(self, kind: str) -> tuple[Wait, Json]:
        if kind == "sleep":
            return sleep_of(0.02), {"seconds": 0.02}
        if kind == "approval":
            return Wait(kind), {}
        self.number += 1
        word = f"go{self.number}"
        return Wait(kind, word=word), {"channel": self.channel(), "type": word}

    def waits(self, kind: str) -> list[tuple[Run, str, Wait]]:
        return [
            (run, step, wait)
            for run in self.books.runs.values()
            for step, wait in run.waits.items()
            if wait.kind == kind
        ]

    @rule(number=PICK, client=CLIENT, approved=st.booleans(), how=HOW)
    def decide(self, number: int, client: int, approved: bool, how: str) -> None:
        if not (waits := self.waits("approval")):
            return
        run, step, _ = pick(number, waits)
        decision = Decide(run, step, approved=approved)
        self.carry_out(client, [decision], how)
        other = {**decision.request, "approved": not approved}
        assert self.world.clients[client].error(**other)["code"] == "conflict"

    @rule(number=PICK, client=CLIENT, how=HOW)
    def signal(self, number: int, client: int, how: str) -> None:
        if not (waits := self.waits("message")):
            return
        run, step, wait = pick(number, waits)
        self.carry_out(client, [self.signalling(client, str(wait.word))], how)
        if step not in run.waits:
            self.await_arrival(run, step)

    @rule(
        number=PICK,
        client=CLIENT,
        what=st.sampled_from(["pause", "resume", "cancel", "retry"]),
        how=HOW,
    )
    def steer(self, number: int, client: int, what: str, how: str) -> None:
        runs = [run for run in self.books.runs.values() if self.may_steer(run, what)]
        if not runs:
            return
        run = pick(number, runs[-6:])
        attempt = self.look_at(run).get("attempt", 0) if what == "retry" else 0
        how = "once" if run.pausing else how
        self.carry_out(client, [Steer(self.books, run, what, attempt)], how)

    def may_steer(self, run: Run, what: str) -> bool:
        """What the oracle knows the answer to."""
        if what == "resume":
            return run.held or run.pausing or run.status in ENDED
        return run.ended if what == "retry" else True

    @rule()
    def look_at_runs(self) -> None:
        for run in self.books.runs.values():
            self.compare(run)
