"""Operations on runs."""

from typing import Any

from tests.daemon.plain import Json, new_id
from tests.model.books import Books, Run
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
