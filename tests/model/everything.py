"""All that the daemon does, together; and what only together can be tried: frames across its rooms."""

from hypothesis.stateful import rule

from tests.model.bus_rules import BusRules
from tests.model.filing import MakeTask
from tests.model.mail import Post
from tests.model.operations import Operation
from tests.model.record_rules import RecordRules
from tests.model.run_rules import RunRules
from tests.model.runs import Start
from tests.model.scene import HOW, PICK, pick


class Everything(RunRules, BusRules, RecordRules):
    @rule(number=PICK, how=HOW)
    def ask_for_work(self, number: int, how: str) -> None:
        """A task, the run that does it, and a message about both: all of them or none."""
        client = number % 3
        frame: list[Operation] = [
            MakeTask(self.shelf, f"task {number}"),
            Start(self.books, self.workflow["id"]),
            self.post(client, number, {}),
        ]
        self.carry_out(client, frame, how, atomic=True)

    @rule(number=PICK, how=HOW)
    def do_work_exactly_once(self, number: int, how: str) -> None:
        """The ack of a message, the step that it asked for, and the news of it, in one commit."""
        mine = [
            (verdict, claim)
            for claim in self.claims
            if claim[0].lease == claim[1]
            for verdict in self.handed_out[-6:]
            if verdict[0] == self.world.speakers[claim[2]]
        ]
        if not mine:
            return
        (bot, letter, lease), (run, run_lease, client) = pick(number, mine)
        frame: list[Operation] = [
            self.ack(bot, letter, lease),
            self.completion(run, run_lease, "one", {"seen": number}),
            Post(self.letters, bot, {"channel": self.channel()}, self.body()),
        ]
        self.carry_out(client, frame, how, atomic=True)
