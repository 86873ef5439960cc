"""`botbus migrate` and `botbus restore` as people and scripts use them: words, files, exit codes."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from botbus_storage.database_lock import DatabaseLock
from tests.migrations.databases import SETS, Bench, objects


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    """Runs the commands as processes, in a folder and an environment of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "TERM": "dumb",
            "COLUMNS": "200",
        }
        if "PYTHONPATH" in os.environ:
            self.env["PYTHONPATH"] = os.environ["PYTHONPATH"]

    def command(self, *words: object, group: str = "migrate") -> list[str]:
        return [sys.executable, "-W", "error", "-m", "botbus_cli", group, *map(str, words)]

    def __call__(self, *words: object, group: str = "migrate", **env: str) -> Said:
        done = subprocess.run(
            self.command(*words, group=group),
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def key(shell: Shell) -> Path:
    """The file with a key."""
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    key = shell.folder / "key"
    key.write_text("secret")
    key.chmod(0o600)
    return key


@pytest.fixture
def notes(bench: Bench) -> Bench:
    bench.write(
        _0001_notes__up="CREATE TABLE notes (text TEXT);",
        _0001_notes__down="DROP TABLE notes;",
        _0002_tags__up="CREATE TABLE tags (tag TEXT);",
    )
    return bench


@pytest.mark.parametrize(
    "url",
    ["sqlite:bot.db", "sqlite://bot.db", "sqlite:///{0}/bot.db", "sqlite:{0}/bot.db?mode=rwc"],
)
def test_database_url_is_honoured(shell: Shell, notes: Bench, url: str) -> None:
    said = shell(
        "run", "--dir", "set", DATABASE_URL=url.format(shell.folder).replace("////", "///")
    )
    assert said.code == 0, said.err
    assert "applied 0001_notes in " in said.out
    assert "is at version 2" in said.out
    assert [name for _, name, _ in objects(notes.database)] == ["notes", "tags"]


def test_a_flag_beats_the_environment(shell: Shell, notes: Bench) -> None:
    assert shell("run", "--dir", "set", "--database", "b.db", DATABASE_URL="sqlite:a.db").code == 0
    assert (shell.folder / "b.db").exists()
    assert not (shell.folder / "a.db").exists()


def test_without_words_it_is_the_daemons_database(shell: Shell) -> None:
    assert shell("run").code == 0
    database = shell.folder / ".local" / "state" / "botbus" / "botbus.db"
    assert ("table", "bots") in {(kind, name) for kind, name, _ in objects(database)}
    assert shell("verify").out == f"{database} is as it should be\n"
    other = shell.folder / "other.db"
    assert shell("run", BOTBUS_DATABASE=str(other), DATABASE_URL="sqlite:a.db").code == 0
    assert other.exists()


def test_a_new_database_of_the_daemons_is_for_its_owner_alone(shell: Shell, notes: Bench) -> None:
    assert shell("run").code == 0
    made = shell.folder / ".local" / "state" / "botbus" / "botbus.db"
    assert made.stat().st_mode & 0o777 == 0o600
    assert made.parent.stat().st_mode & 0o777 == 0o700
    umask = os.umask(0o027)
    try:
        assert shell("run", "--dir", "set", "--database", "bot.db").code == 0
    finally:
        os.umask(umask)
    assert (shell.folder / "bot.db").stat().st_mode & 0o777 == 0o640  # theirs: as they like it


def test_a_folder_without_its_database_is_a_usage_error(shell: Shell, notes: Bench) -> None:
    for env in ({}, {"BOTBUS_DATABASE": "daemon.db"}):
        said = shell("run", "--dir", "set", **env)
        assert said.code == 2
        assert "name their database too" in said.err
    assert not (shell.folder / "daemon.db").exists()


def test_another_kind_of_database_url_is_a_usage_error_and_stays_secret(shell: Shell) -> None:
    said = shell("status", DATABASE_URL="postgres://me:secret@host/db")
    assert said.code == 2
    assert "not sqlite:PATH" in said.err
    assert "secret" not in said.err


def test_a_dry_run_prints_the_sql_and_changes_nothing(shell: Shell, notes: Bench) -> None:
    said = shell("run", "--dry-run", "--to", "0001", "--dir", "set", "--database", "bot.db")
    assert said.code == 0
    assert "CREATE TABLE notes" in said.out
    assert "CREATE TABLE tags" not in said.out
    assert not notes.database.exists()


def test_a_failure_names_everything_on_stderr_and_exits_1(shell: Shell, notes: Bench) -> None:
    notes.write(_0003_bad__up="SELECT 1;\n\nSELECT oops;")
    said = shell("run", "--dir", "set", "--database", "bot.db")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "botbus: refused: 0003_bad.up.sql failed at statement 2, line 3 (SELECT oops;): "
        "no such column: oops. Nothing was changed\n"
    )


def test_status_for_scripts_is_an_object_a_line(shell: Shell, notes: Bench) -> None:
    shell("run", "--to", 1, "--dir", "set", "--database", "bot.db")
    said = shell("status", "--json", "--dir", "set", "--database", "bot.db")
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert (first["version"], first["name"], first["state"], first["reversible"]) == (
        1,
        "0001_notes",
        "applied",
        True,
    )
    assert {"checksum", "applied_at", "duration_ms", "app_version"} <= first.keys()
    assert first.keys() == second.keys()
    assert (second["state"], second["reversible"], second["applied_at"]) == ("pending", False, None)
    said = shell("status", "--json", "--limit", 1, "--dir", "set", "--database", "bot.db")
    assert [json.loads(line)["version"] for line in said.out.splitlines()] == [2]


def test_status_for_people_is_a_table_and_names_problems(shell: Shell, notes: Bench) -> None:
    notes.write(oops="SELECT 1;")
    said = shell("status", "--dir", "set", "--database", "bot.db")
    assert said.code == 0
    assert "0002_tags" in said.out
    assert "pending" in said.out
    assert said.err == "botbus: oops.sql is not the name of a migration\n"


def test_verify_exits_1_on_drift(shell: Shell, notes: Bench) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", *target)
    assert shell("schema", "--write", "--dir", "set").code == 0
    assert shell("verify", *target).code == 0
    notes.query("ALTER TABLE tags ADD COLUMN drift")
    assert shell("verify", *target) == Said(1, "table tags: column drift should not be there\n", "")
    said = shell("verify", "--json", *target)
    assert json.loads(said.out) == {"drift": "table tags: column drift should not be there"}


def test_revert_and_restore(shell: Shell, notes: Bench) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", "--to", "1", *target)
    notes.query("INSERT INTO notes VALUES ('kept')")
    said = shell("revert", "-n", 1, *target)
    assert said.code == 0, said.err
    assert "reverted 0001_notes in " in said.out
    (backup,) = shell.folder.glob("*.backup")
    assert f"backup {backup}" in said.out
    said = shell(backup, "--database", "bot.db", group="restore")
    assert said.code == 0, said.err
    assert "at version 1" in said.out
    assert "the database before it is " in said.out
    assert notes.query("SELECT text FROM notes") == [("kept",)]
    assert shell("revert", "-n", 1, "--to", 0, *target).code == 2
    assert shell("nowhere", "--database", "bot.db", group="restore").code == 1


def test_backups_are_switched_off_and_counted(shell: Shell, notes: Bench) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", "--to", 1, *target)
    for _ in range(3):
        shell("revert", "--keep-backups", 2, *target)
        shell("run", "--to", 1, "--no-backup", *target)
    assert len(list(shell.folder.glob("*.backup"))) == 2


def test_add_and_lint(shell: Shell, notes: Bench) -> None:
    said = shell("add", "-r", "more tags", "--dir", "set")
    assert said.out == "created set/0003_more_tags.up.sql\ncreated set/0003_more_tags.down.sql\n"
    said = shell("lint", "--dir", "set")
    assert said.code == 1
    assert "botbus: 0003_more_tags.up.sql holds no statement" in said.err
    assert shell("lint").code == 0


def test_a_lock_is_respected_and_its_holder_named(shell: Shell, notes: Bench) -> None:
    with DatabaseLock(notes.database, "botbus serve"):
        said = shell("run", "--dir", "set", "--database", "bot.db")
        assert said.code == 1
        assert f"is in use by process {os.getpid()} (botbus serve)" in said.err
        assert shell("status", "--dir", "set", "--database", "bot.db").code == 0


def test_an_encrypted_database(shell: Shell, notes: Bench, key: Path) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", "--to", 1, *target)
    assert shell("encrypt", *target).code == 2
    said = shell("encrypt", "--key-file", "key", *target)
    assert said == Said(0, "bot.db is encrypted\n", "")
    assert shell("run", *target).code == 1
    said = shell("run", *target, BOTBUS_KEY_FILE=str(key))
    assert said.code == 0, said.err
    (backup,) = shell.folder.glob("*.backup")
    assert shell(backup, "--database", "bot.db", "--key-file", "key", group="restore").code == 0
    said = shell("decrypt", "--key-file", "key", *target)
    assert said == Said(0, "bot.db is no longer encrypted\n", "")
    assert notes.query("SELECT count(*) FROM notes") == [(0,)]


def test_the_settings_file_names_the_daemons_database_and_its_key(shell: Shell, key: Path) -> None:
    settings = shell.folder / "botbus.toml"
    settings.write_text(f'database = "{shell.folder / "bus.db"}"\nkey_file = "{key}"\n')
    said = shell("run", BOTBUS_CONFIG=str(settings))
    assert said.code == 0, said.err
    assert b"SQLite format" not in (shell.folder / "bus.db").read_bytes()
    assert shell("status", BOTBUS_CONFIG=str(settings)).code == 0


def test_encrypting_tells_which_copies_are_still_readable(
    shell: Shell, notes: Bench, key: Path
) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", "--to", 1, *target)
    shell("run", *target)
    (backup,) = shell.folder.glob("*.backup")
    assert f"not encrypted: {backup}" in shell("encrypt", "--key-file", "key", *target).out


def test_long_copies_show_a_bar_on_a_terminal_only(shell: Shell, notes: Bench) -> None:
    target = ("--dir", "set", "--database", "bot.db")
    shell("run", "--to", 1, *target)
    notes.query("INSERT INTO notes VALUES (zeroblob(20000000))")
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        shell.command("run", *target),
        cwd=shell.folder,
        env={**shell.env, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    assert child.wait() == 0
    assert b"copy" in shown
    assert b"100%" in shown


def test_the_sets_run_by_the_command_too(shell: Shell) -> None:
    for name in ("proposals", "orchestrator"):
        said = shell("run", "--dir", SETS / name, DATABASE_URL=f"sqlite:{name}.db")
        assert said.code == 0, said.err
        assert shell("lint", "--dir", SETS / name).code == 0
