"""A mailbox that is loaded while steps take messages out of it: each message goes to one of both."""

from concurrent.futures import ThreadPoolExecutor

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import begin, claim, finish, of_step, save, start, step

ROUNDS = 3
MESSAGES = 10


def taken(worker: Plain, claimed: list[Json]) -> list[int]:
    """What the steps that waited have got."""
    found = [step(worker, one["run"], "m").get("output") for one in claimed]
    return [output["body"] for output in found if output is not None]


def test_each_message_is_taken_once_or_delivered(own: Bots) -> None:
    """Half of them have been handed out before: the disk knows them as open deliveries."""
    owner, sender = own("owner"), own("sender")
    workflow = save(owner)
    for round_ in range(ROUNDS):
        for _ in range(MESSAGES):
            start(owner, workflow)
        bodies = [round_ * 100 + n for n in range(MESSAGES)]
        for body in bodies:
            sender.send(str(owner.bot), body, type="go")
        for delivery in owner.fetch(max=MESSAGES // 2):
            owner.settle("nak", delivery, delay=0, counts=False)
        own.daemon.kill()
        own.daemon.start()
        worker, reader, sender = own.named(owner.bot), own.named(owner.bot), own.named(sender.bot)
        owner = worker
        claimed = claim(worker, workflow, max=MESSAGES)
        waits = [
            {"op": "begin_step", **of_step(one, "m"), "wait": {"kind": "message", "type": "go"}}
            for one in claimed[: MESSAGES // 2]
        ]
        with ThreadPoolExecutor(1) as pool:
            fetching = pool.submit(lambda: reader.fetch(wait=0.5))  # noqa: B023 - this round's
            assert all("ok" in reply for reply in worker.ask(*waits))
            delivered = fetching.result()
        for delivery in delivered:
            reader.settle("ack", delivery)
        got = [d["message"]["body"] for d in delivered + settled(reader)]
        assert sorted(got + taken(worker, claimed[: MESSAGES // 2])) == bodies
        for one in claimed:
            begin(worker, one, "other")
            finish(worker, one)


def settled(reader: Plain) -> list[Json]:
    """What else lies in the mailbox, which is empty afterwards."""
    found: list[Json] = []
    while deliveries := reader.fetch(wait=0.3):
        for delivery in deliveries:
            reader.settle("ack", delivery)
        found += deliveries
    return found
