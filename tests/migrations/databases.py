"""A database and its folder of migrations, as the tests write and read them."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from botbus_storage.migrator import Migrator

SETS = Path(__file__).parent / "sets"


class Bench(NamedTuple):
    """The database need not exist yet; the folder is there and empty."""

    database: Path
    folder: Path

    def write(self, **scripts: str) -> None:
        """Files by name: `_0001_a__up` is 0001_a.up.sql (a keyword cannot begin with a digit)."""
        for name, text in scripts.items():
            file = name.removeprefix("_").replace("__up", ".up").replace("__down", ".down")
            (self.folder / f"{file}.sql").write_text(text)

    def migrator(self, **options: Any) -> Migrator:
        return Migrator(self.database, self.folder, **options)

    def query(self, sql: str, *parameters: object) -> list[Any]:
        return query(self.database, sql, *parameters)

    def dump(self) -> list[str]:
        return dump(self.database)

    def files(self) -> set[str]:
        """What lies beside the database, the lock left out."""
        names = {path.name for path in self.database.parent.iterdir() if path.is_file()}
        return names - {self.database.name + ".lock"}

    @contextmanager
    def process(self, code: str) -> Iterator[subprocess.Popen[str]]:
        """A Python process running `code`, which finds `database` and `folder` defined."""
        head = (
            "import sys, sqlite3\nfrom pathlib import Path\n"
            "from botbus_storage.migrator import *\n"
            f"database, folder = Path({str(self.database)!r}), Path({str(self.folder)!r})\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-u", "-c", head + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            try:
                yield child
            finally:
                if child.poll() is None:
                    child.kill()

    def leave_in_wal(self, statement: str) -> None:
        """What a statement does stays in the WAL: whoever wrote it was killed."""
        code = f"""
connection = sqlite3.connect(database, isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute({statement!r})
print("written")
sys.stdin.read()
"""
        with self.process(code) as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.kill()
            child.wait()


def query(database: Path, sql: str, *parameters: object) -> list[Any]:
    """The rows that one statement gives; what it changes is committed."""
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(sql, parameters).fetchall()


def dump(database: Path) -> list[str]:
    """The whole content of a database as SQL, object by object and row by row."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def objects(database: Path) -> list[tuple[str, str, str]]:
    """Kind, name and SQL of everything but the history."""
    return query(
        database,
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'schema_history'"
        " AND name NOT LIKE 'sqlite%' ORDER BY type, name",
    )
