"""What all rules share: the world, the oracle, how operations are put, and the ways things break."""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.daemon.plain import Json, new_id
from tests.daemons import DaemonProcess
from tests.model.letters import Letter, Letters
from tests.model.mail import Post
from tests.model.operations import Operation
from tests.model.world import World, until

HOW = st.sampled_from(
    [*["once"] * 9, *["twice"] * 5, *["killed repeated"] * 1, *["killed looked"] * 1]
)
"""How an operation is put: once; twice; with a SIGKILL of the daemon while it is under way, and then
once more or never again. Kills are dear: after KILLS of them it is put once instead.
"""


def _looked(operations: Sequence[Operation], how: str) -> bool:
    """Whether it is looked up what became of a frame, and it is not repeated."""
    if not all(operation.repeatable for operation in operations):
        return True
    return how == "killed looked" and all(operation.probe() for operation in operations)


Thing = TypeVar("Thing")
PICK = st.integers(0, 2**16)
"""Stands for one of some things. Rules have no preconditions and draw nothing that depends on what the
daemon did, for a kill ends differently each time: they do nothing if there is nothing to do.
"""


class _AllRules:
    """Takes the place of hypothesis' own choice of the rules of one example."""

    def is_enabled(self, name: str) -> bool:
        return bool(name)


_ALL_RULES: Any = st.just(_AllRules())


def pick(number: int, things: Sequence[Thing]) -> Thing:
    return things[number % len(things)]


class Scene(RuleBasedStateMachine):
    """One example: some bots of its own at a daemon that it shares with those before it."""

    daemon: ClassVar[DaemonProcess]
    KILLS: ClassVar[int] = 2
    SWARM: ClassVar[bool] = True
    """Whether each example has only some of the rules, which finds more if there are many examples."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.daemon, bots=2, connections=3)
        self.letters = Letters()
        self.handed_out: list[tuple[str, Letter, str]] = []
        self.posts: list[tuple[int, Post]] = []
        self.number = 0
        self.kills_left = self.KILLS
        self.patience = self.quiet = 0
        if not self.SWARM:
            self._rules_strategy.enabled_rules_strategy = _ALL_RULES

    @initialize(patience=st.integers(0, 40))
    def open_channels(self, patience: int) -> None:
        self.patience = self.quiet = patience
        for word in ("news", "talk"):
            name = f"{self.world.prefix}-{word}"
            assert self.world.clients[0].ok("create_channel", name=name)["created"]
            self.letters.channels[name] = set()

    def body(self) -> Json:
        self.number += 1
        return {"number": self.number}

    def may_kill(self) -> bool:
        """Now and then: what is killed should have something to lose."""
        self.quiet -= 1
        return self.kills_left > 0 and self.quiet < 0

    def speaker(self, bot: str) -> int:
        return self.world.speakers.index(bot)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        until(condition, what)

    # How operations are put

    def carry_out(
        self, client: int, operations: Sequence[Operation], how: str, *, atomic: bool = False
    ) -> bool:
        """Puts operations in one frame; whether they were accepted (a frame by parts always is)."""
        requests = [operation.request for operation in operations]
        if self.may_kill() and how.startswith("killed"):
            self.kill_while(client, requests, atomic=atomic)
            if _looked(operations, how):
                return self._look(operations, atomic=atomic)
            return self._ask(client, operations, None, atomic=atomic)
        accepted = self._ask(client, operations, True, atomic=atomic)
        if how == "twice":
            again = self._ask(client, operations, not accepted, atomic=atomic)
            assert again is accepted
        return accepted

    def _ask(
        self, client: int, operations: Sequence[Operation], fresh: bool | None, *, atomic: bool
    ) -> bool:
        requests = [operation.request for operation in operations]
        replies = self.world.clients[client].ask(*requests, atomic=atomic)
        if atomic and any("error" in reply for reply in replies):
            codes = {reply["error"]["code"] for reply in replies}
            allowed = {code for operation in operations for code in operation.errors()}
            assert codes <= allowed, (requests, replies)
            return False
        for operation, reply in zip(operations, replies, strict=True):
            operation.fresh = fresh
            operation.answered(reply)
        return True

    def _look(self, operations: Sequence[Operation], *, atomic: bool) -> bool:
        """Finds out what a daemon that was killed had done of a frame that nobody repeats."""
        known = {self._probed(operation) for operation in operations} - {None}
        assert len(known) < 2 or not atomic, f"half of an atomic frame: {operations}"
        return True in known

    def _probed(self, operation: Operation) -> bool | None:
        (reply,) = self.world.watcher.ask(operation.probe())
        return operation.probed(reply)

    def refuse(self, client: int, operations: Sequence[Operation]) -> None:
        """Puts operations in an atomic frame that fails; the oracle is told nothing."""
        poison = {"op": "publish", "id": new_id(), "channel": f"{self.world.prefix}-no", "body": 1}
        requests = [*(operation.request for operation in operations), poison]
        replies = self.world.clients[client].ask(*requests, atomic=True)
        assert all("error" in reply for reply in replies), replies

    # How things break

    def kill_while(self, client: int, requests: list[Json], *, atomic: bool) -> None:
        self.kills_left, self.quiet = self.kills_left - 1, self.patience
        after = (0.0, 0.001, 0.004)[self.kills_left % 3]
        self.world.kill_while(client, requests, atomic=atomic, after=after)
        self.survive(killed=True)

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        if not self.may_kill():
            return
        self.kills_left, self.quiet = self.kills_left - 1, self.patience
        self.world.restart(killed=killed)
        self.survive(killed=killed)

    def survive(self, *, killed: bool) -> None:
        self.letters.survive(killed=killed)

    @rule(client=st.integers(0, 2))
    def drop(self, client: int) -> None:
        """A connection ends, and with it what was handed out through it."""
        holder = self.world.holder[client]
        self.world.drop(client)
        self.let_go(holder)

    def let_go(self, holder: int) -> None:
        """The daemon has noticed that a connection is gone."""
        for _, letter in list(self.letters.held(holder)):
            self.letters.let_go(letter, 0.0)

    def teardown(self) -> None:
        error = sys.exc_info()[1]
        try:
            if error is None:  # else the account would hide what failed
                self.account()
            elif isinstance(error, Exception):
                traceback.print_exception(error)  # hypothesis tells only what happens twice
        finally:
            self.world.close()

    def account(self) -> None:
        """Holds everything that is there at the end against the oracle."""
