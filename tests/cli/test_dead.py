"""dead: listed with the reason, replayed, dropped."""

import botbus
from tests.cli.command import Botbus


def test_dead_letters_are_listed_replayed_and_dropped(run: Botbus, planner: botbus.SyncBus) -> None:
    with botbus.connect_sync("mortal", url=planner.url) as bus:
        for number in range(3):
            planner.send("mortal", number)
        for delivery in bus.fetch(max=3, wait=5):
            delivery.term(f"cannot read {delivery.message.body}")
    listed = run("dead", "--bot", "mortal", "--json").objects
    assert [letter["reason"] for letter in listed] == [f"cannot read {n}" for n in range(3)]
    seqs = [str(letter["message"]["seq"]) for letter in listed]
    assert "cannot read 1" in run("dead", "list", "--bot", "mortal").out
    assert run("dead", "drop", "mortal").code == 2
    dropped = run("dead", "drop", "mortal", seqs[0])
    assert dropped.out == "1 dead letter of mortal given up\n"
    replayed = run("dead", "replay", "mortal", "--all", "--json").object
    assert replayed == {"bot": "mortal", "count": 2}
    again = run("wait", "mortal", "--timeout", "5", "--json").objects
    assert [message["body"] for message in again] == [1, 2]
    none = run("dead", "--bot", "mortal")
    assert (none.code, none.out, none.err) == (0, "", "there are no dead letters\n")
