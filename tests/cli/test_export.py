"""`botbus export` and `botbus import`: history out of a database and back, byte for byte."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from botbus_cli.ending import READER_GONE
from tests.cli.command import Botbus
from tests.daemon.plain import Plain, new_id
from tests.daemons import DaemonProcess


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon whose database has some history of every kind."""
    with DaemonProcess(tmp_path_factory.mktemp("bb")) as daemon:
        with closing(Plain(daemon, "planner")) as bot:
            bot.ok("create_channel", name="builds")
            bot.ok("create_channel", name="silent")
            letter = {"op": "publish", "channel": "builds"}
            first = bot.send("coder", {"task": 'fix \u00e9 "it"', "n": [1, 2.5, None]}, type="task")
            bot.ask({**letter, "id": new_id(), "body": 1, "headers": {"trace": "a=b"}})
            bot.send("planner", "an answer", reply_to=first["id"])
            bot.send("coder", "later", ttl=3600, delay=60)
            recalled = bot.send("coder", "not so")
            bot.ok("recall", id=recalled["id"])
            bot.ask(*({**letter, "id": new_id(), "body": "x" * n} for n in range(600)))
        yield daemon


class Shelf(NamedTuple):
    """The history of the origin, and a database that it was put into."""

    history: bytes
    database: Path

    def copies(self, folder: Path) -> tuple[Path, Path]:
        """A copy of both."""
        shutil.copy(self.database, folder / "new.db")
        (folder / "history.jsonl").write_bytes(self.history)
        return folder / "history.jsonl", folder / "new.db"


@pytest.fixture(scope="module")
def shelf(origin: DaemonProcess, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    exported(origin, folder / "all")
    put_back(folder / "all", folder / "db")
    return Shelf((folder / "all").read_bytes(), folder / "db")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def exported(daemon: DaemonProcess, file: Path, *words: str) -> list[dict[str, object]]:
    """The lines of an export."""
    database = ["--database", str(daemon.database)]
    done = Botbus(daemon.url)("export", str(file), *words, *database, "--force")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0] == {"record": "botbus-history", "version": 1}
    assert lines[-1]["record"] == "end"
    return lines[1:-1]


def put_back(file: Path, database: Path, *words: str, code: int = 0) -> str:
    """What an import says."""
    done = Botbus("ipc:///nowhere")("import", str(file), "--database", str(database), *words)
    assert done.code == code, (done.out, done.err)
    return done.err if code else done.out


def dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(line for line in connection.iterdump() if "schema_history" not in line)


def test_out_and_in_and_out_again_is_the_same_file(
    origin: DaemonProcess, tmp_path: Path, out: Path
) -> None:
    exported(origin, out)
    said = put_back(out, tmp_path / "new.db")
    assert "has 605 messages more, 0 were there already" in said
    again = tmp_path / "again.jsonl"
    words = ["export", str(again), "--database", str(tmp_path / "new.db")]
    assert Botbus("ipc:///nowhere")(*words).out == f"{again} holds 605 messages\n"
    assert again.read_bytes() == out.read_bytes()


def test_importing_twice_changes_nothing(origin: DaemonProcess, tmp_path: Path, out: Path) -> None:
    exported(origin, out)
    put_back(out, tmp_path / "new.db")
    before = dump(tmp_path / "new.db")
    said = put_back(out, tmp_path / "new.db")
    assert "has 0 messages more, 605 were there already" in said
    assert dump(tmp_path / "new.db") == before


def test_a_part_of_it(origin: DaemonProcess, out: Path) -> None:
    everything = [line for line in exported(origin, out) if line["record"] == "message"]
    assert [line["seq"] for line in everything] == list(range(1, 606))
    builds = exported(origin, out, "--channel", "builds")
    assert builds[0]["record"] == "channel"
    assert len(builds) == 1 + 601
    coder = exported(origin, out, "--bot", "coder")
    assert [line["body"] for line in coder] == [everything[0]["body"], "later", "not so"]
    assert "recalled_at" in coder[-1]
    bounded = exported(origin, out, "--since", "3", "--until", str(everything[4]["timestamp"]))
    assert [line["seq"] for line in bounded] == [3, 4]


def test_a_name_that_was_never_there_is_no_empty_history(origin: DaemonProcess, out: Path) -> None:
    for option, name in (("--channel", "bilds"), ("--bot", "codr")):
        done = Botbus(origin.url)(
            "export", str(out), "--database", str(origin.database), option, name
        )
        assert done.code == 1
        assert f"there is no {option.removeprefix('--')} {name}" in done.err
        assert not out.exists()


def test_who_reads_no_further_gets_no_words(origin: DaemonProcess) -> None:
    words = ("export", "-", "--database", str(origin.database))
    with Botbus(origin.url).started(*words) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline()
        writing.stdout.close()
        assert writing.wait(10) == READER_GONE
        assert writing.stderr is not None
        assert writing.stderr.read() == ""
    with (
        Path("/dev/full").open("w") as full,
        Botbus(origin.url).started(*words, stdout=full.fileno()) as writing,
    ):
        assert writing.wait(10) == 1
        assert writing.stderr is not None
        assert writing.stderr.read() == "botbus: refused: -: No space left on device\n"


def test_an_import_makes_the_folder_too(shelf: Shelf, tmp_path: Path) -> None:
    history, _ = shelf.copies(tmp_path)
    put_back(history, tmp_path / "a" / "b" / "new.db")
    assert (tmp_path / "a" / "b" / "new.db").stat().st_mode & 0o777 == 0o600


def test_what_is_imported_is_history_and_not_mail(
    origin: DaemonProcess, folder: Path, out: Path
) -> None:
    """Neither new bots nor those who are there are handed it; new mail they are."""
    exported(origin, out)
    with DaemonProcess(folder) as daemon:
        with closing(Plain(daemon, "coder")) as coder:
            coder.ok("create_channel", name="builds")
            coder.ok("subscribe", channel="builds", start="first")
        daemon.stop()
        refused = put_back(out, daemon.database, code=0)
        assert "605 messages more" in refused
        daemon.start()
        with closing(Plain(daemon, "coder")) as coder, closing(Plain(daemon, "planner")) as planner:
            assert coder.fetch(wait=0.05) == []
            assert planner.fetch(wait=0.05) == []
            between = coder.ok("history", between=["planner", "coder"])["messages"]
            assert len(between) == 3
            receipt = planner.send("coder", "new")
            assert receipt["seq"] == 606
            assert [d["message"]["body"] for d in coder.fetch()] == ["new"]


def test_an_archive_goes_back_to_where_it_was(
    origin: DaemonProcess, tmp_path: Path, out: Path
) -> None:
    exported(origin, out)
    put_back(out, tmp_path / "new.db")
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection, connection:
        connection.execute("DELETE FROM bot_messages WHERE seq BETWEEN 100 AND 300")
    assert "has 201 messages more, 404 were there" in put_back(out, tmp_path / "new.db")


def test_a_running_daemon_is_left_alone(origin: DaemonProcess, out: Path) -> None:
    exported(origin, out)
    said = put_back(out, origin.database, code=1)
    assert "is in use by process" in said
    assert "botbus serve" in said


BAD: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("{", "line 5: "),
    "not UTF-8": (b"\xff\n", "line 5: this is not UTF-8 text"),
    "a field that is not known": ('{"record":"end","messages":1,"x":1}', "line 5: "),
    "a second header": ('{"record":"botbus-history","version":1}', "line 5: an export has one"),
    "a lone surrogate": ('{"record":"message","body":"\\ud800"}', "line 5: "),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_named_and_changes_nothing(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    out, database = shelf.copies(tmp_path)
    before = dump(database)
    lines = out.read_bytes().splitlines(keepends=True)
    bad, sentence = BAD[kind]
    lines[4] = bad if isinstance(bad, bytes) else bad.encode() + b"\n"
    out.write_bytes(b"".join(lines))
    assert sentence in put_back(out, database, code=1)
    assert dump(database) == before


def test_bad_lines_are_left_out_if_one_says_so(shelf: Shelf, tmp_path: Path) -> None:
    out, _ = shelf.copies(tmp_path)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join([*lines[:4], b"{\n", *lines[5:]]))
    assert "line 5: " in put_back(out, tmp_path / "other.db", code=1)
    said = put_back(out, tmp_path / "other.db", "--skip-bad")  # the count is wrong as well
    assert "has 604 messages more, 0 were there already, 2 lines were left out" in said


LONG_AGO, LATER = "2001-01-01T00:00:00.000000Z", "2901-01-01T00:00:00.000000Z"
ELSE = {"id": new_id(), "seq": 700}
EDITS: dict[str, tuple[dict[str, object], str]] = {
    "another content": ({"body": "other"}, "belongs to another message in this database"),
    "a seq that is taken": ({"id": new_id()}, "belongs to message"),
    "a time that does not fit": ({**ELSE, "timestamp": LONG_AGO}, "does not fit"),
    "the future": ({**ELSE, "timestamp": LATER}, "in the future"),
    "a channel that is not there": ({**ELSE, "to": None, "channel": "none"}, "no channel 'none'"),
    "no recipient": ({"to": None}, "has either `to` or `channel`"),
    "a time of another form": ({"timestamp": "2026-01-01T00:00:00Z"}, "is not written as"),
    "a name that is none": ({"sender": "two words"}, "sender 'two words' is not a name"),
    "headers that are none": ({"headers": {"a": 1}}, "Expected `str`"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_a_message_that_does_not_belong_is_refused(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    out, database = shelf.copies(tmp_path)
    first = json.loads(shelf.history.splitlines()[1])
    change, sentence = EDITS[kind]
    before = dump(database)
    channel = {"record": "channel", "name": "c", "created_at": LONG_AGO, "created_by": "planner"}
    changed = {key: value for key, value in {**first, **change}.items() if value is not None}
    header, end = {"record": "botbus-history", "version": 1}, {"record": "end", "messages": 1}
    lines = [header, channel, changed, end]
    out.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said = put_back(out, database, code=1)
    assert "line 3: " in said
    assert sentence in said
    assert dump(database) == before


def test_lines_in_another_order_are_refused(
    origin: DaemonProcess, tmp_path: Path, out: Path
) -> None:
    exported(origin, out, "--bot", "coder")
    header, one, two, *rest = out.read_text().splitlines(keepends=True)
    out.write_text("".join([header, two, one, *rest]))
    assert "line 3: seq 1 does not come after 4" in put_back(out, tmp_path / "new.db", code=1)


def test_a_file_that_was_cut_off_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    out, database = shelf.copies(tmp_path)
    lines = shelf.history.splitlines(keepends=True)
    for kept, sentence in (
        (lines[:-1], "line 608: the file ends before its last line"),
        ([*lines[:50], lines[-1]], "there were 605 messages when this was written"),
        ([], "line 1: the file ends"),
        ([b'{"record":"botbus-history","version":2}\n'], "upgrade botbus"),
    ):
        out.write_bytes(b"".join(kept))
        assert sentence in put_back(out, database, code=1)


def test_through_pipes(origin: DaemonProcess, tmp_path: Path, out: Path) -> None:
    exported(origin, out)
    run = Botbus(origin.url)
    done = run("export", "-", "--database", str(origin.database))
    assert done.out == out.read_text()
    words = ["import", "-", "--database", str(tmp_path / "new.db")]
    assert "605 messages more" in run(*words, stdin=done.out).out
    refused = run("export", str(out), "--database", str(origin.database))
    assert (refused.code, "exists already" in refused.err) == (1, True)


@pytest.mark.parametrize("command", ["export", "import"])
def test_a_key_that_cannot_be_used_is_a_refusal(shelf: Shelf, tmp_path: Path, command: str) -> None:
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    history, database = shelf.copies(tmp_path)
    words = (command, str(history), "--database", str(database))
    refused = Botbus("ipc:///nowhere")(*words, "--key-file", str(tmp_path / "none"))
    assert refused.code == 1
    assert refused.err.endswith("none cannot be read: No such file or directory\n")
    assert refused.err.startswith("botbus: refused: ")
