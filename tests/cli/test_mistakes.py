"""What a person gets wrong: one sentence on stderr, the exit code of its kind, nothing done."""

from pathlib import Path

import click
import pytest

from botbus_cli.main import COMMANDS, main
from tests.cli.command import Botbus

ID = "01936f5e-7d0c-7c3a-9b8e-0123456789ab"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["send", "two words", "x", "--from", "me"], 2, "BOT 'two words' is not a name: use 1-64"),
        (["send", "bot", "x"], 2, "say who you are: add --from NAME, or set BOTBUS_BOT=NAME"),
        (["send", "bot", "x", "--from", "m e"], 2, "--from 'm e' is not a name"),
        (["send", "bot", "{x:1}", "--from", "me"], 2, "BODY looks like JSON and is not"),
        (["send", "bot", "x", "--from", "me", "--header", "k"], 2, "a header is name=value"),
        (["send", "bot", "x", "--from", "me", "--ttl", "-1"], 2, "Invalid value for '--ttl'"),
        (["send", "bot", "x", "--from", "me", "--id", "7"], 2, "--id '7' is not an id"),
        (["history"], 2, "say whose history: --between A B, --channel C, --thread ID or"),
        (["history", "--channel", "c", "--after", "noon"], 2, "--after 'noon' is not a time"),
        (["task", "list", "--since", "noon"], 2, "or how long ago, such as 10m, 2h or 7d"),
        (["task", "create", "t", "--type", "x", "--config", "{x"], 2, "--config looks like JSON"),
        (["config", "set", "a b", "1"], 2, "key 'a b' is no key: use 1-256 of"),
        (["config", "set", "k", "{x"], 2, "VALUE looks like JSON and is not"),
        (["dead", "replay", "bot"], 2, "say which dead letters: their seqs, or --all"),
        (["sned"], 2, "No such command 'sned'"),
        (["publish", "nowhere", "1", "--from", "me"], 1, "there is no channel 'nowhere'"),
        (["message", "show", ID], 1, f"there is no message {ID}"),
        (["dead", "drop", "unheard-of", "--all"], 1, "there is no bot"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    run: Botbus, words: list[str], code: int, sentence: str
) -> None:
    done = run(*words)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("botbus: usage: " if code == 2 else "botbus: not_found: ")
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_a_body_that_is_no_text_is_told(run: Botbus) -> None:
    done = run("send", "bot", "-", "--from", "me", stdin=b"\xff\xfe")
    assert done.code == 2
    assert "stdin is not UTF-8 text" in done.err


def test_no_daemon_is_told_wherever_the_url_stands(run: Botbus, folder: Path) -> None:
    nowhere = f"ipc://{folder}/none.sock"
    for words in (["--url", nowhere, "bots"], ["bots", "--url", nowhere]):
        done = run(*words)
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith(f"botbus: unavailable: no daemon at {nowhere}")


def test_serve_tells_why_it_cannot(run: Botbus, folder: Path) -> None:
    database = ["--database", str(folder / "bus.db")]
    taken = run("serve", *database)  # the URL in BOTBUS_URL is served already
    assert (taken.code, taken.out) == (1, "")
    assert taken.err.startswith("botbus: cannot_serve: another daemon serves ")
    wrong = run("serve", "--url", "tcp://localhost:1", *database)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("botbus: usage: url 'tcp://localhost:1': ")
    assert taken.err.count("\n") == wrong.err.count("\n") == 1


def test_help_names_every_command_with_an_example(run: Botbus) -> None:
    listed = run("--help")
    assert listed.code == 0
    assert all(f"\n  {name} " in listed.out for name in COMMANDS)
    assert "Example: botbus wait " in run("wait", "--help").out
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        # The examples of `migrate` stand together in the help of the group.
        verbs = getattr(command, "commands", {}).values() if name != "migrate" else ()
        for each in [command, *verbs]:
            assert "Example: botbus " in (each.epilog or ""), each.name
