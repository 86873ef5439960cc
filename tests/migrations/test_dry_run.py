"""A dry run proves a batch by running it, and leaves nothing behind."""

import pytest

from botbus_storage.migrator import MigrationError
from tests.migrations.databases import Bench


def test_a_sound_batch_is_proven_and_rolled_back(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    bench.migrator().run()
    bench.write(_0002_b__up="DROP TABLE a;", _0003_c__up="CREATE TABLE a (y);")
    content, files = bench.database.read_bytes(), bench.files()
    report = bench.migrator().run(dry_run=True)
    assert [done.title for done in report.done] == ["0002_b", "0003_c"]
    assert (report.version, report.backup) == (3, None)
    assert (bench.database.read_bytes(), bench.files()) == (content, files)


def test_a_batch_that_would_fail_is_found_out(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1);")
    bench.migrator().run()
    bench.write(_0002_b__up="INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (1);")
    before = bench.dump()
    with pytest.raises(
        MigrationError, match=r"0002_b\.up\.sql failed at statement 2, line 2.*UNIQUE"
    ):
        bench.migrator().run(dry_run=True)
    assert bench.dump() == before


def test_without_a_database_it_is_tried_in_memory(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    assert bench.migrator().run(dry_run=True).version == 1
    assert list(bench.database.parent.iterdir()) == [bench.folder]


def test_up_to_a_version(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0002_b__up="oops;")
    assert bench.migrator().run(to=1, dry_run=True).version == 1


def test_what_cannot_be_tried_is_named(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0002_b__up="-- no-transaction\nVACUUM;")
    report = bench.migrator().run(dry_run=True)
    assert report.unproven == ("0002_b",)
    assert [done.title for done in report.done] == ["0001_a"]
