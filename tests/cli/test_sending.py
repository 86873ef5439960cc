"""send, publish, ask: what becomes of BODY, and what the receipt says."""

import json

import pytest

import botbus
from tests.cli.command import Botbus


def test_a_receipt_tells_where_the_message_is(run: Botbus, reader: botbus.SyncBus) -> None:
    done = run("send", "receipted", '{"task": 1}', "--from", "me", "--json")
    receipt = done.object
    assert (done.code, done.err) == (0, "")
    assert (receipt["known"], receipt["connected"], receipt["duplicate"]) == (False, False, False)
    (record,) = reader.message(receipt["id"]).deliveries
    assert (record.bot, record.state) == ("receipted", "pending")
    again = run("send", f"{reader.name}", "hi", "--from", "me")
    assert again.out.startswith(f"sent to {reader.name} (connected): seq ")


@pytest.mark.parametrize(
    ("word", "stdin", "body"),
    [
        ('{"a": [1, null]}', "", {"a": [1, None]}),
        ("null", "", None),
        ("fix #12, please", "", "fix #12, please"),
        ("-", "several\nlines\n", "several\nlines"),
        ("-", '["grüße"]', ["grüße"]),
    ],
)
def test_a_body_is_json_or_text(
    run: Botbus, reader: botbus.SyncBus, word: str, stdin: str, body: object
) -> None:
    done = run("send", f"{reader.name}", word, "--from", "me", stdin=stdin)
    assert done.code == 0, done.err
    (delivery,) = reader.fetch(wait=5)
    assert delivery.message.body == body


def test_every_option_of_a_letter_arrives(run: Botbus, reader: botbus.SyncBus) -> None:
    earlier = reader.send("someone", 1).id
    own = botbus.new_id()
    options = ["--type", "task", "--id", own, "--reply-to", earlier, "--ttl", "600"]
    headers = ["--header", "trace=7", "--header", "equation=a=b"]
    words = ["send", f"{reader.name}", "x", "--from", "me", *options, *headers]
    assert run(*words).code == 0
    assert run(*words).out.startswith(f"was sent before to {reader.name}")
    (delivery,) = reader.fetch(wait=5)
    message = delivery.message
    assert (message.id, message.type, message.reply_to) == (own, "task", earlier)
    assert message.headers == {"trace": "7", "equation": "a=b"}
    assert message.expires_at is not None


def test_publishing_tells_how_many_subscribe(run: Botbus, reader: botbus.SyncBus) -> None:
    reader.create_channel("published")
    reader.subscribe("published")
    done = run("publish", "published", '{"ok": true}', "--from", "me", "--type", "build.done")
    assert done.out.startswith("sent to #published (1 subscriber): seq ")
    (delivery,) = reader.fetch(wait=5)
    assert (delivery.message.channel, delivery.message.body) == ("published", {"ok": True})


def test_ask_prints_the_answer(run: Botbus, reader: botbus.SyncBus) -> None:
    for extra in ([], ["--json"]):
        words = ["ask", f"{reader.name}", "status?", "--from", "me", "--timeout", "10", *extra]
        with run.started(*words) as asking:
            (delivery,) = reader.fetch(wait=10)
            delivery.reply("all\nis well")
            out, err = asking.communicate(timeout=10)
        assert (asking.returncode, err) == (0, "")
        assert (json.loads(out)["body"] if extra else out.strip()) == "all\nis well"


def test_ask_gives_up_in_time_and_says_what_remains(run: Botbus) -> None:
    done = run("ask", "nobody-home", "status?", "--from", "me", "--timeout", "0.1")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("botbus: timeout: nobody-home did not answer within 0.1 s")
