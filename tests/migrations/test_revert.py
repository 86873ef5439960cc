"""A revert goes back, newest first, all of it or nothing, after a backup."""

from typing import Any

import pytest

from botbus_storage.migrator import MigrationError
from tests.migrations.databases import Bench, dump, objects


@pytest.fixture
def three(bench: Bench) -> Bench:
    """A database at version 3, every migration with a way down."""
    bench.write(
        _0001_a__up="CREATE TABLE a (x);",
        _0001_a__down="DROP TABLE a;",
        _0002_b__up="CREATE TABLE b (x); CREATE INDEX i ON b (x);",
        _0002_b__down="DROP TABLE b;",
        _0003_c__up="ALTER TABLE b ADD COLUMN y;"
        "CREATE TRIGGER t AFTER INSERT ON b BEGIN SELECT 1; END;",
        _0003_c__down="DROP TRIGGER t; ALTER TABLE b DROP COLUMN y;",
    )
    bench.migrator().run()
    return bench


@pytest.mark.parametrize(
    ("how", "gone", "version"),
    [
        ({}, ["0003_c"], 2),
        ({"steps": 2}, ["0003_c", "0002_b"], 1),
        ({"steps": 9}, ["0003_c", "0002_b", "0001_a"], 0),
        ({"to": 1}, ["0003_c", "0002_b"], 1),
        ({"to": "0"}, ["0003_c", "0002_b", "0001_a"], 0),
        ({"to": 3}, [], 3),
    ],
)
def test_how_far_back(three: Bench, how: dict[str, Any], gone: list[str], version: int) -> None:
    report = three.migrator().revert(**how)
    assert [done.title for done in report.done] == gone
    assert report.version == version
    assert three.migrator().status().version == version


def test_down_and_up_again_gives_the_same_schema(three: Bench) -> None:
    before = objects(three.database)
    three.migrator().revert(to=0)
    assert objects(three.database) == []
    three.migrator().run()
    assert objects(three.database) == before


def test_there_is_a_backup_of_what_was_reverted(three: Bench) -> None:
    three.query("INSERT INTO b VALUES (1, 2)")
    before = three.dump()
    report = three.migrator().revert()
    assert report.backup is not None
    assert report.backup.name.startswith("bot.db-v0003-")
    assert dump(report.backup) == before


def test_a_missing_way_down_is_told_before_anything_runs(three: Bench) -> None:
    (three.folder / "0002_b.down.sql").unlink()
    before, files = three.dump(), three.files()
    with pytest.raises(MigrationError, match="0002_b has no way down, so nothing was reverted"):
        three.migrator().revert(2)
    assert (three.dump(), three.files()) == (before, files)


def test_a_failing_way_down_reverts_nothing(three: Bench) -> None:
    three.write(_0002_b__down="DROP TABLE b;\nDROP TABLE nowhere;")
    before = three.dump()
    with pytest.raises(MigrationError, match=r"0002_b\.down\.sql failed at statement 2, line 2"):
        three.migrator().revert(2)
    assert three.dump() == before
    assert three.migrator().backups() == []


def test_a_changed_file_is_not_reverted(three: Bench) -> None:
    three.write(_0003_c__up="SELECT 1;")
    with pytest.raises(MigrationError, match="was changed after it was applied"):
        three.migrator().revert()


def test_nothing_to_revert(three: Bench) -> None:
    three.migrator().revert(to=0)
    assert three.migrator().revert().done == ()


@pytest.mark.parametrize(
    ("how", "said"), [({"steps": 0}, "at least one"), ({"to": 7}, "version 7")]
)
def test_what_makes_no_sense(three: Bench, how: dict[str, Any], said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        three.migrator().revert(**how)


def test_no_database(bench: Bench) -> None:
    bench.write(_0001_a__up="SELECT 1;")
    with pytest.raises(MigrationError, match="there is no database"):
        bench.migrator().revert()
    assert bench.files() == set()
