"""Operations on runs and their steps."""

import time
from typing import Any

from tests.daemon.plain import Json, new_id
from tests.model.books import Books, Run, Wait
from tests.model.letters import Letters
from tests.model.mail import Post
from tests.model.operations import Operation


class Start(Operation):
    """create_run."""

    def __init__(self, books: Books, workflow: str, **fields: Any) -> None:
        self.books = books
        self.request = {"op": "create_run", "id": new_id(), "workflow": workflow, **fields}

    def answered(self, reply: Json) -> None:
        told = reply["ok"]["run"]
        known = self.books.runs.get(self.request["id"])
        same = known or self.books.with_key(self.request.get("key"))
        if self.fresh is not None:
            assert reply["ok"].get("created", False) is (same is None), reply
        assert told["id"] == (self.request["id"] if same is None else same.id)
        if same is None:
            self._made(told)

    def _made(self, told: Json) -> None:
        self.books.create(
            Run(
                id=self.request["id"],
                number=told["seq"],
                priority=self.request.get("priority", 0),
                key=self.request.get("key"),
                slot_key=self.request.get("concurrency_key"),
            )
        )

    def probe(self) -> Json:
        return {"op": "get_run", "id": self.request["id"]}

    def probed(self, reply: Json) -> bool | None:
        if "error" in reply:
            return None if self.books.with_key(self.request.get("key")) else False
        self._made(reply["ok"]["run"])
        return True


class OfHolder(Operation):
    """What only the holder of a run may ask, with any lease that it ever had."""

    repeatable = False
    """After a kill its lease is lost, whether it was carried out or not."""

    def __init__(self, books: Books, run: Run, lease: str, op: str, fields: Json) -> None:
        self.books, self.run, self.lease = books, run, lease
        self.valid = lease == run.lease
        self.request = {"op": op, "lease": lease, **fields}

    def errors(self) -> set[str]:
        return set() if self.lease == self.run.lease else {"lease_lost"}

    def lost(self, reply: Json) -> bool:
        """Whether the request came too late, and was refused for that."""
        if self.lease == self.run.lease:
            return False
        assert reply.get("error", {}).get("code") == "lease_lost", (self.request, self.run, reply)
        return True


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


class Complete(StepOf):
    """complete_step."""

    def __init__(self, books: Books, run: Run, lease: str, step: str, **fields: Any) -> None:
        fields["attempt"] = run.next_attempt(step)
        super().__init__(books, run, lease, "complete_step", step, **fields)
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
            self._complete()
            assert told.get("pausing", False) is self.run.checkpoint()

    def _complete(self) -> None:
        self.done = True
        context = self.request.get("context") or {}
        self.run.complete_step(self.step, self.request.get("output"), context)

    def probed(self, reply: Json) -> bool | None:
        if self.closed() or not self.valid:
            return None
        done = any(row["status"] == "completed" for row in self.rows(reply))
        if done:
            crashed = self.run.status == "crashed"
            self._complete()
            self.run.crashes = int(crashed)
        return done


class Fail(StepOf):
    """fail_step."""

    def __init__(self, books: Books, run: Run, lease: str, step: str, error: str, *, final: bool):
        more = {"error": error, "final": final, "attempt": run.next_attempt(step)}
        super().__init__(books, run, lease, "fail_step", step, **more)
        self.final, self.done = final, False

    def answered(self, reply: Json) -> None:
        if self.lost(reply):
            return
        if self.closed() and not self.done:
            assert reply["error"]["code"] == "illegal_state"
            return
        assert reply["ok"].get("changed", True) is not self.done
        if not self.done:
            self.done = True
            self.run.fail_step(self.step, final=self.final)
            assert reply["ok"].get("pausing", False) is self.run.checkpoint()

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


class Suspend(OfHolder):
    """suspend_run."""

    def __init__(self, books: Books, run: Run, lease: str) -> None:
        super().__init__(books, run, lease, "suspend_run", {"id": run.id})

    def answered(self, reply: Json) -> None:
        assert reply["ok"]["run"]["status"] in {"paused", "pending"}
        self.run.let_go("paused")

    def probe(self) -> Json:
        return {"op": "get_run", "id": self.run.id}

    def probed(self, reply: Json) -> bool:
        """Asked after its step was, which the oracle knows of by now."""
        status = reply["ok"]["run"]["status"]
        if status == "crashed":
            return False
        self.run.let_go("paused")
        self.run.crashes -= 1
        return True


class Finish(OfHolder):
    """update_run_status to completed or failed."""

    def __init__(self, books: Books, run: Run, lease: str, status: str, result: Any) -> None:
        told = {"result": result} if status == "completed" else {"error": "no use"}
        fields = {"id": run.id, "status": status, **told}
        super().__init__(books, run, lease, "update_run_status", fields)
        self.status, self.result, self.done = status, told.get("result"), False

    def answered(self, reply: Json) -> None:
        if self.done:
            assert reply["ok"]["run"]["status"] == self.status
            return
        if self.lost(reply):
            return
        assert reply["ok"]["run"]["status"] == self.status
        self._end()

    def _end(self) -> None:
        self.done = True
        self.run.result = self.result
        self.books.end(self.run, self.status)

    def probe(self) -> Json:
        return {"op": "get_run", "id": self.run.id}

    def probed(self, reply: Json) -> bool | None:
        if not self.valid:
            return None
        ended = reply["ok"]["run"]["status"] == self.status
        if ended:
            self._end()
        return bool(ended)


class Steer(Operation):
    """pause, resume, cancel or retry, by anybody."""

    def __init__(self, books: Books, run: Run, what: str, attempt: int) -> None:
        self.books, self.run, self.what = books, run, what
        if what == "retry":
            self.request = {"op": "retry_run", "id": run.id, "attempt": attempt}
        else:
            status = {"pause": "paused", "resume": "pending", "cancel": "cancelled"}[what]
            self.request = {"op": "update_run_status", "id": run.id, "status": status}

    def answered(self, reply: Json) -> None:
        run = self.run
        if (
            run.ended
            and self.what != "retry"
            and (run.status, self.what) != ("cancelled", "cancel")
        ):
            assert reply["error"]["code"] == "illegal_state", (run, reply)
            return
        told = reply["ok"]["run"]
        getattr(self, f"_{self.what}")(run)
        assert told["status"] == run.status, (run, self.what, told)
        assert told.get("held", False) is run.held
        assert told.get("pausing", False) is run.pausing

    def _pause(self, run: Run) -> None:
        if run.status == "running":
            run.pausing = True
        else:
            run.status, run.held = "paused", True

    def _resume(self, run: Run) -> None:
        if run.pausing:
            run.pausing = False
        elif run.status != "running":
            run.status, run.held = "pending", False

    def _cancel(self, run: Run) -> None:
        if run.status != "cancelled":
            self.books.end(run, "cancelled")

    def _retry(self, run: Run) -> None:
        if run.ended:
            self.books.retry(run)


class Signal(Post):
    """A message in a channel that a step waits for."""

    def __init__(self, books: Books, letters: Letters, sender: str, channel: str, word: str):
        super().__init__(letters, sender, {"channel": channel}, {"word": word}, type=word)
        self.books, self.word = books, word

    def commit(self, seq: int) -> None:
        super().commit(seq)
        self.books.publish(self.word, self.request["body"])


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


def sleep_of(seconds: float) -> Wait:
    """A sleep that begins now, and is over at the latest a little after so many seconds."""
    return Wait("sleep", due=time.time() + seconds)
