"""The page on migrations tells the truth: its commands print what it shows, its example runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "migrations.md").read_text()
CHANGING = [
    (r"\d+\.\d ms", "0.0 ms"),
    (r" +\d+\.\d  ", " 0.0  "),
    (r"\d{8}T\d{6}\.\d{6}Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"0\.\d+\.\d+", "VERSION"),
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def steady(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a `botbus` command of its own."""
    command = tmp_path / "bin" / "botbus"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m botbus_cli "$@"\n')
    command.chmod(0o755)
    (tmp_path / "bot").mkdir()
    return tmp_path


def run(home: Path, command: list[str]) -> str:
    env = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run(
        command,
        cwd=home / "bot",
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.replace(str(home / "bot"), "/home/me/bot")


def test_the_console_shows_what_the_page_shows(home: Path) -> None:
    (home / "bin" / "sqlite3").write_text(
        f"#!{sys.executable}\nimport sqlite3, sys\n"
        "sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])\n"
    )
    (home / "bin" / "sqlite3").chmod(0o755)
    session = "".join(blocks("console"))
    commands = re.findall(r"^\$ (.*)\n", session, re.MULTILINE)
    echoed = "".join(
        f"printf '%s\\n' {_quoted('$ ' + command)}\n{command}\n" for command in commands
    )
    assert steady(run(home, ["sh", "-c", echoed])) == steady(session)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_the_example_runs(home: Path) -> None:
    folder = home / "bot" / "migrations"
    folder.mkdir()
    (folder / "0001_a.up.sql").write_text("CREATE TABLE a (x);")
    (example,) = blocks("python")
    out = run(home, [sys.executable, "-W", "error", "-c", example])
    assert steady(out) == (
        "0001_a took 0.0 ms\nnow at version 1 backup: None\n[('0001_a', 'applied')]\n"
    )


def test_the_page_names_the_table_there_is() -> None:
    assert "`schema_history`" in PAGE
