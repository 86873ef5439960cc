"""Operations on the steps of a run, and what ends their waits."""

import time
from typing import Any

from tests.daemon.plain import Json
from tests.model.books import Books, Run, Wait
from tests.model.letters import Letters
from tests.model.mail import Post
from tests.model.operations import Operation
from tests.model.runs import OfHolder


class StepOf(OfHolder):
    def __init__(self, books: Books, run: Run, lease: str, op: str, step: str, **fields: Any):
        super().__init__(books, run, lease, op, {"run": run.id, "step": step, **fields})
        self.step = step

    def closed(self) -> bool:
        return self.step in self.run.finished or self.step in self.run.failed

    def errors(self) -> set[str]:
        return super().errors() | ({"illegal_state"} if self.closed() else set())

    def probe(self) -> Json:
        return {"op": "list_step_logs", "run": self.run.id, "all": False}

    def rows(self, reply: Json) -> list[Json]:
        return [row for row in reply["ok"]["steps"] if row["step_id"] == self.step]

    def count_tries(self, reply: Json) -> None:
        """A step that was only written down, for its run was to pause, is begun as that attempt."""
        begun = [row.get("attempt", 1) for row in self.rows(reply) if row["status"] != "pending"]
        self.run.tries[self.step] = max(begun, default=0)


class End(StepOf):
    """complete_step or fail_step."""

    def __init__(self, books: Books, run: Run, lease: str, op: str, step: str, **fields: Any):
        fields["attempt"] = run.next_attempt(step)
        super().__init__(books, run, lease, op, step, **fields)
        self.done = False

    def answered(self, reply: Json) -> None:
        if self.lost(reply):
            return
        if self.closed() and not self.done:
            assert reply["error"]["code"] == "illegal_state"
            return
        told = reply["ok"]
        assert told.get("changed", True) is not self.done
        if not self.done:
            self.end()
            assert told.get("pausing", False) is self.run.checkpoint()

    def end(self) -> None:
        """It was carried out, for the first time."""
        self.done = True


class Complete(End):
    """complete_step."""

    def __init__(self, books: Books, run: Run, lease: str, step: str, **fields: Any) -> None:
        super().__init__(books, run, lease, "complete_step", step, **fields)

    def end(self) -> None:
        super().end()
        context = self.request.get("context") or {}
        self.run.complete_step(self.step, self.request.get("output"), context)

    def probed(self, reply: Json) -> bool | None:
        if self.closed() or not self.valid:
            return None
        done = any(row["status"] == "completed" for row in self.rows(reply))
        if done:
            crashed = self.run.status == "crashed"
            self.end()
            self.run.crashes = int(crashed)
        return done


class Fail(End):
    """fail_step."""

    def __init__(self, books: Books, run: Run, lease: str, step: str, error: str, *, final: bool):
        super().__init__(books, run, lease, "fail_step", step, error=error, final=final)
        self.final = final

    def end(self) -> None:
        super().end()
        self.run.fail_step(self.step, final=self.final)

    def probed(self, reply: Json) -> bool | None:
        if self.closed() or not self.valid:
            return None
        self.count_tries(reply)
        if any(row.get("final") for row in self.rows(reply)):
            self.run.failed.add(self.step)
        return None


class Begin(StepOf):
    """begin_step, for something to be run."""

    def __init__(self, books: Books, run: Run, lease: str, step: str) -> None:
        super().__init__(books, run, lease, "begin_step", step)
        self.done = False

    def errors(self) -> set[str]:
        return OfHolder.errors(self)

    def answered(self, reply: Json) -> None:
        if self.lost(reply):
            return
        told = reply["ok"]
        if self.closed():
            assert told["step"].get("output") == self.run.finished.get(self.step)
        if self.closed() or (self.run.pausing and self.step not in self.run.begun):
            assert not told.get("permitted", False)
            assert told.get("pausing", False) is self.run.checkpoint()
            return
        assert told["permitted"]
        self.run.tries[self.step] = self.run.next_attempt(self.step)
        self.run.begun.add(self.step)
        assert told["step"].get("attempt", 1) == self.run.tries[self.step]

    def probed(self, reply: Json) -> None:
        if self.valid and not self.closed():
            self.count_tries(reply)


class Hold(StepOf):
    """begin_step with a wait; it travels with the run's suspension, in one commit."""

    def __init__(self, books: Books, run: Run, lease: str, step: str, wait: Wait, **told: Any):
        fields = {"wait": {"kind": wait.kind, **told}, "input": {"of": step}}
        super().__init__(books, run, lease, "begin_step", step, **fields)
        self.wait = wait

    def answered(self, reply: Json) -> None:
        self._hold(reply["ok"]["step"])

    def _hold(self, row: Json) -> None:
        self.wait.input_hash = row["input_hash"]
        self.run.waits[self.step] = self.wait
        self.run.tries[self.step] = 1

    def probed(self, reply: Json) -> bool:
        rows = self.rows(reply)
        if rows:
            self._hold(rows[0])
        return bool(rows)


class Decide(Operation):
    """decide_step."""

    def __init__(self, run: Run, step: str, *, approved: bool) -> None:
        self.run, self.step, self.approved = run, step, approved
        self.wait = run.waits[step]
        self.request = {
            "op": "decide_step",
            "run": run.id,
            "step": step,
            "approved": approved,
            "input_hash": self.wait.input_hash,
        }

    def answered(self, reply: Json) -> None:
        assert reply["ok"]["step"]["output"]["approved"] is self.approved
        if self.step in self.run.waits:
            self.run.arrive(self.step, reply["ok"]["step"]["output"])


class Signal(Post):
    """A message in a channel that a step waits for."""

    def __init__(self, books: Books, letters: Letters, sender: str, channel: str, word: str):
        super().__init__(letters, sender, {"channel": channel}, {"word": word}, type=word)
        self.books, self.word = books, word

    def commit(self, seq: int) -> None:
        super().commit(seq)
        self.books.publish(self.word, self.request["body"])


def sleep_of(seconds: float) -> Wait:
    """A sleep that begins now, and is over at the latest a little after so many seconds."""
    return Wait("sleep", due=time.time() + seconds)
