"""What has become of every run: looked at now and then, and at the end, when each is brought to its."""

import time

from hypothesis.stateful import initialize

from tests.daemon.plain import Json
from tests.model.account import Account
from tests.model.books import Books, Run
from tests.model.runs import Finish, Steer
from tests.model.steps import Complete, Decide, Signal

WAIT = 15.0
"""Seconds within which a run that has crashed several times in a row is offered again."""


class RunAccount(Account):
    """Compares runs with the oracle's, and works them off."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.claims: list[tuple[Run, str, int]] = []
        self.workflow: Json = {}

    @initialize()
    def save_workflow(self) -> None:
        definition = {"name": f"{self.world.prefix}-flow"}
        saved = self.world.clients[0].ok("save_definition", definition=definition)
        assert saved["created"]
        self.workflow = saved["definition"]

    def channel(self) -> str:
        return f"{self.world.prefix}-news"

    def signalling(self, client: int, word: str) -> Signal:
        bot = self.world.speakers[client]
        return Signal(self.books, self.letters, bot, self.channel(), word)

    def survive(self, *, killed: bool) -> None:
        super().survive(killed=killed)
        self.books.survive()

    def let_go(self, holder: int) -> None:
        """Waits for the daemon, which writes that the runs have crashed."""
        super().let_go(holder)
        for run in list(self.books.held(holder)):
            run.crash()
            self.await_move(run)

    def look_at(self, run: Run) -> Json:
        found: Json = self.world.watcher.ok("get_run", id=run.id)["run"]
        return found

    def await_move(self, run: Run) -> None:
        self.until(lambda: self.look_at(run)["status"] != "running", f"{run} has crashed")

    def await_arrival(self, run: Run, step: str) -> None:
        """A message that was committed reaches whoever waits for it, whatever happens meanwhile."""
        self.until(lambda: step not in self.waiting_steps(run), f"{step} of {run} has come")

    def waiting_steps(self, run: Run) -> set[str]:
        return {wait["step_id"] for wait in self.look_at(run).get("waits", []) if "step_id" in wait}

    # Claiming

    def claiming(self, most: int, wait: float) -> Json:
        offer = {"id": self.workflow["id"], "version": self.workflow["version"]}
        return {"op": "claim_runs", "workflows": [offer], "max": most, "wait": wait, "lease": 600}

    def claim_some(self, client: int, most: int) -> list[Run]:
        expected = self.books.claimable()
        request = self.claiming(most, 10.0 if expected else 0.0)
        told = self.world.clients[client].ok(**request).get("runs", [])
        runs = [self._claimed(client, claimed) for claimed in told]
        order = [(-run.priority, run.number) for run in runs]
        assert order == sorted(order), "runs were not handed out best first"
        assert runs or not expected, f"{expected} are stranded"
        overtaken = [run for run in expected if run not in runs and order]
        assert all((-r.priority, r.number) > order[-1] for r in overtaken), (overtaken, runs)
        return runs

    def _claimed(self, client: int, claimed: Json) -> Run:
        run = self.books.runs[claimed["run"]["id"]]
        self.wake(run)
        self.books.claim(run, claimed["lease"], self.world.holder[client])
        self.claims.append((run, claimed["lease"], client))
        self._compare_steps(run, claimed.get("steps", []))
        return run

    def wake(self, run: Run) -> None:
        """A sleep ends by the daemon's clock; not before its time."""
        for step, wait in list(run.waits.items()):
            if wait.over(time.time()):
                run.arrive(step, None)

    # Comparing

    def compare(self, run: Run) -> None:
        told = self.look_at(run)
        if told["status"] == "pending" and run.status == "paused":
            self.wake(run)
        assert told["status"] == run.status, (run, told)
        assert (told.get("context") or {}) == run.context, (run, told)
        assert told.get("result") == run.result, (run, told)
        assert not told.get("queued", False) or not run.slot, (run, told)
        steps = self.world.watcher.ok("list_step_logs", run=run.id, all=False)["steps"]
        self._compare_steps(run, steps)

    def _compare_steps(self, run: Run, steps: list[Json]) -> None:
        done = [step for step in steps if step["status"] == "completed"]
        finished = {step["step_id"]: _output(step) for step in done}
        assert len(done) == len(finished), f"a step of {run} was finished twice"
        for step in run.overslept & finished.keys():
            run.finished.setdefault(step, finished[step])
        sleeping = {step for step, wait in run.waits.items() if wait.kind == "sleep"}
        told = {step: output for step, output in finished.items() if step not in sleeping}
        assert told == run.finished, (run, steps)

    # At the end

    def account(self) -> None:
        for run in self.books.runs.values():
            self.compare(run)
        self.fulfil_waits()
        self.work_off()
        for run in self.books.runs.values():
            self.compare(run)
        self.count_events()
        super().account()

    def fulfil_waits(self) -> None:
        for run in self.books.runs.values():
            for step, wait in list(run.waits.items()):
                if wait.kind == "approval":
                    self.carry_out(0, [Decide(run, step, approved=True)], "once")
                elif wait.kind == "message":
                    self.carry_out(0, [self.signalling(0, str(wait.word))], "once")
                    self.await_arrival(run, step)
                else:
                    self.await_arrival(run, step)
                    self.wake(run)
            if run.held:
                self.carry_out(0, [Steer(self.books, run, "resume", 0)], "once")

    def work_off(self) -> None:
        """Every run can be brought to its end; those that are held, by their holders."""
        end = time.monotonic() + WAIT
        while unfinished := [run for run in self.books.runs.values() if not run.ended]:
            assert time.monotonic() < end, f"{unfinished} are stranded"
            for run in unfinished:
                if run.status == "running":
                    self.finish_run(run)
            if any(run.claimable for run in self.books.runs.values()):
                self.claim_late()

    def claim_late(self) -> None:
        if self.books.claimable():
            self.claim_some(0, 10)
            return
        told = self.world.clients[0].ok(**self.claiming(10, WAIT)).get("runs", [])
        assert told, f"{self.books.runs} are stranded"
        for claimed in told:
            self._claimed(0, claimed)

    def finish_run(self, run: Run) -> None:
        client = next(
            client for of, lease, client in self.claims if lease == run.lease and of is run
        )
        last = Complete(self.books, run, str(run.lease), "last", output="done")
        if "last" not in run.finished and self.carry_out(client, [last], "once") and run.held:
            self.carry_out(client, [Steer(self.books, run, "resume", 0)], "once")
            return
        self.carry_out(client, [Finish(self.books, run, str(run.lease), "completed", 1)], "once")

    def count_events(self) -> None:
        """Each end of a run was told once."""
        told = dict.fromkeys(self.books.runs, 0)
        after = 0
        while page := self._page({"channel": "botbus.runs"}, after):
            after = page[-1]["seq"]
            for message in page:
                if message["type"] == "run.completed" and message["body"]["run"] in told:
                    told[message["body"]["run"]] += 1
        assert told == {run.id: run.completions for run in self.books.runs.values()}


def _output(step: Json) -> object:
    """What the oracle knows of an output: of a message, its body."""
    output = step.get("output")
    if isinstance(output, dict) and "seq" in output:
        return output["body"]
    return output
