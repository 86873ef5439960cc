"""One thing of every kind, made anew for each session of frames, by the words that stand for it."""

from itertools import count
from typing import Any

from tests.daemon.plain import Plain, new_id
from tests.fuzz.frames import DELIVERY_LEASES, IDS, RUN_LEASES, SEQS, STEPS

_numbers = count(1)


def laid(bot: Plain) -> dict[Any, Any]:
    """Makes the things; what stands in frames for their ids, names, seqs and leases, and what it is."""
    number = next(_numbers)
    known: dict[Any, Any] = {id_: new_id() for id_ in IDS}
    known |= {word: f"{word}-{number}" for word in ("builds", "nightly", "color")}
    first, second, third, _ = (known[id_] for id_ in IDS)
    bot.ok("create_channel", name=known["builds"])
    bot.ok("subscribe", channel=known["builds"])
    bot.ok("ensure_scratch")
    _lay_mailbox(bot, known)
    _lay_runs(bot, known)
    bot.ok("create_workstream", id=first, title="one")
    bot.ok("create_session", id=first)
    bot.ok("create_task", id=first, title="one", task_type="task", run_id=first)
    bot.ok("create_task", id=second, title="two", task_type="task")
    bot.ok("add_workflow_task", workflow=known["nightly"], task_id=first, sequence=1)
    bot.ok("start_tool_execution", id=third, task_id=first, tool_name="grep")
    bot.ok("register_connection", id=first, client_id="x", connection_type="http")
    bot.ok("set_configuration", id=new_id(), key=known["color"], value=1)
    return known


def _lay_mailbox(bot: Plain, known: dict[Any, Any]) -> None:
    """A message in the channel, and two in the mailbox: leased, unless a run waited for them."""
    while left := bot.fetch(wait=0):
        bot.ask(*(bot.verdict("ack", delivery) for delivery in left))
    for id_ in IDS[:2]:
        bot.send("ada", {"b": 1}, id=known[id_])
    for delivery, seq, lease in zip(bot.fetch(max=2), SEQS, DELIVERY_LEASES, strict=False):
        known |= {seq: delivery["message"]["seq"], lease: delivery["lease"]}
    bot.publish(known["builds"], {"a": 1}, id=known[IDS[2]])


def _lay_runs(bot: Plain, known: dict[Any, Any]) -> None:
    """Three runs: two in the bot's hands, the first of them in its first step; one that waits."""
    first, second, third, _ = (known[id_] for id_ in IDS)
    definition = {"id": first, "name": known["nightly"], "version": "1", "steps": STEPS}
    bot.ok("save_definition", definition=definition)
    for id_, lease in ((first, RUN_LEASES[0]), (second, RUN_LEASES[1])):
        known[lease] = bot.ok("create_run", id=id_, workflow=first, lease=60.0)["lease"]
    bot.ok("create_run", id=third, workflow=first, key=known["color"])
    bot.ok("begin_step", run=first, step="tag", lease=known[RUN_LEASES[0]])
