"""The daemon's own migrations: complete, in the wheel, reversible, quick, and safe over any rows."""

import re
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

import botbus_migrations
from botbus_storage.migrator import GOLDEN, MigrationError, Migrator
from botbus_storage.migrator.folder import Migration, read
from botbus_storage.migrator.statements import Statement
from tests.migrations.databases import SETS, objects
from tests.migrations.full_rows import counts, fill

ROOT = Path(__file__).parents[2]
FOLDER = botbus_migrations.FOLDER
SHIPPED = read(FOLDER)
SQL_FILES = sorted(path.name for path in FOLDER.glob("*.sql"))


def connected(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(database, isolation_level=None)


def test_the_folder_has_no_problems() -> None:
    assert Migrator(":memory:", FOLDER).lint() == ()


def test_the_golden_schema_is_what_the_migrations_make() -> None:
    golden = (FOLDER / GOLDEN).read_text()
    assert golden == Migrator(":memory:", FOLDER).schema(), "run `botbus migrate schema --write`"
    assert (ROOT / "migrations" / GOLDEN).read_text() == golden


def test_a_migrated_database_is_as_the_golden_schema_says(tmp_path: Path) -> None:
    migrator = Migrator(tmp_path / "bus.db", FOLDER)
    migrator.run()
    assert migrator.verify() == ()


@pytest.mark.parametrize("migration", SHIPPED, ids=lambda migration: migration.title)
def test_every_migration_has_a_way_down(migration: Migration) -> None:
    assert migration.down is not None


@pytest.mark.parametrize("migration", SHIPPED, ids=lambda migration: migration.title)
def test_schema_and_seed_data_are_apart(migration: Migration) -> None:
    statements = [one for one in migration.up.statements() if not _copies(one)]
    verbs = {statement.verb for statement in statements}
    assert "CREATE" not in verbs or not verbs & {"INSERT", "REPLACE"}, (
        "a migration that makes tables adds no rows: give the rows a migration of their own"
    )


def _copies(statement: Statement) -> bool:
    """Whether it moves the rows of a table to another one, which takes its place."""
    copied = re.search(r"^INSERT INTO (\w+)_rebuilt\b.*\bFROM (\w+);$", statement.text, re.DOTALL)
    return copied is not None and copied[1] == copied[2]


@pytest.fixture
def stepwise(tmp_path: Path) -> Path:
    """A database brought up one migration at a time, rows added to every table after each."""
    database = tmp_path / "bus.db"
    for migration in SHIPPED:
        before = _counted(database)
        Migrator(database, FOLDER, backup=False).run(to=migration.version)
        with closing(connected(database)) as connection:
            after = counts(connection)
            kept = {table: number for table, number in before.items() if table in after}
            assert all(after[table] >= number for table, number in kept.items()), migration.title
            fill(connection)
    return database


def _counted(database: Path) -> dict[str, int]:
    if not database.exists():
        return {}
    with closing(connected(database)) as connection:
        return counts(connection)


def test_up_down_and_up_with_rows_in_every_table(stepwise: Path) -> None:
    with closing(connected(stepwise)) as connection:
        assert all(number >= 2 for number in counts(connection).values())
    made = objects(stepwise)
    migrator = Migrator(stepwise, FOLDER, backup=False)
    for migration in reversed(SHIPPED):
        assert [done.title for done in migrator.revert().done] == [migration.title]
        with closing(connected(stepwise)) as connection:
            fill(connection)
    assert objects(stepwise) == []
    migrator.run()
    assert objects(stepwise) == made
    assert migrator.verify() == ()


def test_the_sum_of_the_steps_is_the_schema_made_at_once(stepwise: Path, tmp_path: Path) -> None:
    Migrator(tmp_path / "once.db", FOLDER).run()
    assert objects(stepwise) == objects(tmp_path / "once.db")


def test_every_time_that_is_kept_by_a_trigger_moves(stepwise: Path) -> None:
    with closing(connected(stepwise)) as connection:
        tables = connection.execute(
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND c.name = 'updated_at'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"UPDATE {table} SET updated_at = '2000-01-01T00:00:00.000000Z'")
            connection.execute(f"UPDATE {table} SET created_at = created_at")
            moved = connection.execute(f"SELECT min(updated_at) > '2020' FROM {table}").fetchone()
            assert moved == (1,), f"{table} has no trigger that keeps updated_at"


def test_rows_are_made_for_a_schema_never_seen_before(tmp_path: Path) -> None:
    database = tmp_path / "bot.db"
    Migrator(database, SETS / "orchestrator").run()
    with closing(connected(database)) as connection:
        assert set(fill(connection).values()) == {2}


def test_all_of_it_on_an_empty_file_takes_under_200_ms(tmp_path: Path) -> None:
    Migrator(tmp_path / "warm.db", FOLDER).run()
    started = time.perf_counter()
    Migrator(tmp_path / "bus.db", FOLDER).run()
    assert time.perf_counter() - started < 0.2


@pytest.mark.long
def test_a_start_with_nothing_to_do_takes_under_20_ms_imports_included(tmp_path: Path) -> None:
    database = tmp_path / "bus.db"
    Migrator(database, FOLDER).run()
    code = (
        "import time, asyncio, hashlib, logging, sqlite3\n"  # what the daemon has loaded anyway
        "started = time.perf_counter()\n"
        "import botbus_migrations\n"
        "from botbus_storage.migrator import Migrator\n"
        f"Migrator({str(database)!r}, botbus_migrations.FOLDER).run()\n"
        "print(time.perf_counter() - started)\n"
    )
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache"), "PATH": "/usr/bin"}
    took = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], env=compiled, capture_output=True, check=True
            ).stdout
        )
        for _ in range(6)  # the first one compiles
    ]
    assert min(took) < 0.02


def test_importing_the_migrator_loads_nothing_heavy() -> None:
    code = "import sys, botbus_storage.migrator; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    heavy = {"msgspec", "aiosqlite", "asyncio", "dataclasses", "shutil", "rich", "click"}
    assert not heavy & set(loaded.split())


def test_every_file_is_under_version_control() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is not a checkout")
    command = ["git", "ls-files", "--", str(FOLDER)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = {Path(line).name for line in listed.splitlines()}
    assert set(SQL_FILES) <= tracked


def test_every_file_is_in_the_wheel(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            Path(name).name for name in archive.namelist() if name.startswith("botbus_migrations/")
        }
    assert set(SQL_FILES) <= packed
    assert GOLDEN in packed


def test_a_database_of_another_set_is_not_taken_for_the_daemons(tmp_path: Path) -> None:
    Migrator(tmp_path / "bot.db", SETS / "proposals").run()
    with pytest.raises(MigrationError, match=r"written by a newer botbus|was changed after"):
        Migrator(tmp_path / "bot.db", FOLDER).run()
