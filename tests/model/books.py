"""The oracle's runs: who holds them, which of their steps are finished, and what may become of them.

Pure. A run is believed to be in one state; only a sleep, which the daemon's clock ends, and what was
under way when the daemon was killed, are looked up.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ENDED = {"completed", "failed", "cancelled"}
AT_ONCE = 3
"""Crashes in a row after which a run is offered again at once."""


@dataclass
class Wait:
    """What a step waits for instead of being run."""

    kind: str
    due: float | None = None
    word: str | None = None
    """message: the type that it must have."""
    input_hash: str | None = None

    def over(self, now: float) -> bool:
        """Whether it is a sleep whose time has come."""
        return self.kind == "sleep" and self.due is not None and self.due <= now


@dataclass
class Run:
    id: str
    number: int
    priority: int
    key: str | None
    slot_key: str | None
    status: str = "pending"
    slot: bool = False
    holder: int | None = None
    lease: str | None = None
    held: bool = False
    pausing: bool = False
    crashes: int = 0
    """In a row, at the most."""
    finished: dict[str, Any] = field(default_factory=dict)
    """By step: its output, which never changes again."""
    failed: set[str] = field(default_factory=set)
    """Steps that have failed for good."""
    tries: dict[str, int] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    """Steps that were begun under the present lease, and are not done."""
    waits: dict[str, Wait] = field(default_factory=dict)
    overslept: set[str] = field(default_factory=set)
    """Sleeps that were over when the run ended: the daemon's clock may have ended them before."""
    context: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    completions: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def claimable(self) -> bool:
        return self.status in {"pending", "crashed"} and self.slot

    def next_attempt(self, step: str) -> int:
        return self.tries.get(step, 0) + (step not in self.begun)

    def let_go(self, status: str) -> None:
        self.status, self.holder, self.lease, self.pausing = status, None, None, False
        self.begun.clear()

    def crash(self) -> None:
        self.crashes += 1
        self.held = self.pausing
        self.let_go("paused" if self.pausing else "crashed")

    def checkpoint(self) -> bool:
        """Whether the run, which was to pause, is paused now."""
        paused = self.pausing
        if paused:
            self.held = True
            self.let_go("paused")
        return paused

    def complete_step(self, step: str, output: Any, context: dict[str, Any]) -> None:
        assert step not in self.finished, f"{step} was finished twice"
        self.tries[step] = self.next_attempt(step)
        self.begun.discard(step)
        self.finished[step] = output
        self.crashes = 0
        for key, value in context.items():
            if value is None:
                self.context.pop(key, None)
            else:
                self.context[key] = value

    def fail_step(self, step: str, *, final: bool) -> None:
        self.tries[step] = self.next_attempt(step)
        self.begun.discard(step)
        if final:
            self.failed.add(step)
            self.crashes = 0

    def arrive(self, step: str, output: Any) -> None:
        """What a step waited for has come."""
        del self.waits[step]
        self.finished[step] = output
        if self.status == "paused" and not self.held:
            self.status = "pending"


class Books:
    """All runs of one example."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}

    def create(self, run: Run) -> Run:
        self.runs[run.id] = run
        run.slot = not any(other.slot for other in self.queue(run.slot_key) if other is not run)
        return run

    def queue(self, slot_key: str | None) -> list[Run]:
        """The unfinished runs with a concurrency key, best first."""
        if slot_key is None:
            return []
        runs = [r for r in self.runs.values() if r.slot_key == slot_key and not r.ended]
        return sorted(runs, key=lambda run: (-run.priority, run.number))

    def with_key(self, key: str | None) -> Run | None:
        return next((r for r in self.runs.values() if key is not None and r.key == key), None)

    def end(self, run: Run, status: str) -> None:
        run.let_go(status)
        run.held, run.slot = False, False
        run.overslept |= {step for step, wait in run.waits.items() if wait.over(time.time())}
        run.waits.clear()
        run.completions += status == "completed"
        queue = self.queue(run.slot_key)
        if queue and not any(other.slot for other in queue):
            queue[0].slot = True

    def retry(self, run: Run) -> None:
        run.status, run.result, run.crashes = "pending", None, 0
        run.tries = {step: tries for step, tries in run.tries.items() if step in run.finished}
        run.failed.clear()
        run.slot = not any(other.slot for other in self.queue(run.slot_key) if other is not run)

    def claimable(self) -> list[Run]:
        """What a worker must get if it asks for it now, best first."""
        runs = [r for r in self.runs.values() if r.claimable and r.crashes <= AT_ONCE]
        return sorted(runs, key=lambda run: (-run.priority, run.number))

    def claim(self, run: Run, lease: str, holder: int) -> None:
        assert run.claimable, f"{run} was handed out"
        run.status, run.lease, run.holder = "running", lease, holder

    def held(self, holder: int) -> Iterator[Run]:
        return (run for run in self.runs.values() if run.holder == holder)

    def survive(self) -> None:
        """The daemon was started again: whatever was running has crashed."""
        for run in self.runs.values():
            if run.status == "running":
                run.crash()

    def wake(self) -> None:
        """Ends the sleeps that are over."""
        for run in self.runs.values():
            for step, wait in list(run.waits.items()):
                if wait.over(time.time()):
                    run.arrive(step, None)

    def publish(self, word: str, body: Any) -> None:
        """A message of this type was published: the oldest wait for it gets it."""
        for run in self.runs.values():
            for step, wait in list(run.waits.items()):
                if wait.kind == "message" and wait.word == word:
                    run.arrive(step, body)
                    return
