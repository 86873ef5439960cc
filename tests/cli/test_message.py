"""message: its whole life to read, and taking it back."""

import os
import re

import botbus
from tests.cli.command import Botbus


def test_the_life_of_a_message_reads_as_a_story(run: Botbus, planner: botbus.SyncBus) -> None:
    receipt = planner.send("hero", {"deed": 1}, type="quest", headers={"land": "far"})
    pending = run("message", "show", receipt.id).out
    assert "now                      in the mailbox of hero, not fetched yet" in pending
    with botbus.connect_sync("hero", url=planner.url) as hero:
        (delivery,) = hero.fetch(wait=5)
        delivery.nak(delay=0, reason="asleep")
        (delivery,) = hero.fetch(wait=5)
        answer = delivery.reply("done", type="result")
    shown = run("message", "show", receipt.id)
    assert shown.code == 0, shown.err
    head, story = shown.out.split("\n\n")
    assert head.splitlines()[0] == f"message {receipt.id}"
    assert re.search(r"type +quest\n", head)
    assert re.search(r"header land +far\n", head)
    events = [re.sub(r"^[-0-9]{10} [:.0-9]{12}  ", "", line) for line in story.splitlines()]
    pid = os.getpid()
    assert events[0] == f"committed, sent by planner, pid {pid}"
    assert events[1:3] == [
        "hero fetched it, attempt 1",
        f"hero (pid {pid}) fetched it, attempt 2",
    ]
    assert set(events[3:]) == {
        "hero acked it",
        f"hero replied: {answer.id} [result]",
    }
    life = run("message", "show", receipt.id, "--json").object
    assert life["deliveries"][0]["state"] == "acked"
    assert life["replies"][0]["id"] == answer.id


def test_a_dead_letter_says_why(run: Botbus, planner: botbus.SyncBus) -> None:
    receipt = planner.send("poisoned", 1)
    with botbus.connect_sync("poisoned", url=planner.url) as bus:
        (delivery,) = bus.fetch(wait=5)
        delivery.term("it is poison")
    assert "dead letter of poisoned: it is poison" in run("message", "show", receipt.id).out


def test_a_message_is_taken_back_once_and_only_by_its_sender(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    receipt = planner.send("unlucky", 1)
    denied = run("message", "recall", receipt.id, "--from", "stranger")
    assert (denied.code, denied.out) == (1, "")
    assert denied.err.startswith("botbus: denied: ")
    done = run("message", "recall", receipt.id, "--from", "planner")
    assert done.out == f"message {receipt.id} is recalled\n"
    again = run("message", "recall", receipt.id, "--from", "planner", "--json").object
    assert again == {"id": receipt.id, "changed": False}
    assert "recalled before unlucky was handed it" in run("message", "show", receipt.id).out
