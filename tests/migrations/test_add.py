"""The next file has the next number and the shape of the others, and does not run unwritten."""

import re
from datetime import UTC, datetime

import pytest

from botbus_storage.migrator import MigrationError
from tests.migrations.databases import Bench


def add(bench: Bench, name: str, *, reversible: bool = False) -> list[str]:
    return [path.name for path in bench.migrator().add(name, reversible=reversible)]


def test_the_first_and_the_next(bench: Bench) -> None:
    assert add(bench, "Create the notes!") == ["0001_create_the_notes.up.sql"]
    assert add(bench, "more", reversible=True) == ["0002_more.up.sql", "0002_more.down.sql"]


def test_a_new_folder_is_made(bench: Bench) -> None:
    bench.folder.rmdir()
    assert add(bench, "first") == ["0001_first.up.sql"]


def test_forward_only_names(bench: Bench) -> None:
    bench.write(V1__a="SELECT 1;")
    assert add(bench, "b") == ["V2__b.sql"]
    with pytest.raises(MigrationError, match="forward only"):
        add(bench, "c", reversible=True)


def test_dated_names(bench: Bench) -> None:
    bench.write(_20250115_001_a="SELECT 1;")
    today = datetime.now(UTC).strftime("%Y%m%d")
    (made,) = add(bench, "b", reversible=True)
    assert made == f"{today}_002_b.sql"
    assert "-- UP" in (bench.folder / made).read_text()
    assert "-- DOWN" in (bench.folder / made).read_text()


def test_a_dated_name_comes_after_one_in_the_future(bench: Bench) -> None:
    bench.write(_29991231_001_a="SELECT 1;")
    assert add(bench, "b") == ["29991231_002_b.sql"]


def test_a_template_is_refused_until_it_is_written(bench: Bench) -> None:
    add(bench, "later", reversible=True)
    with pytest.raises(MigrationError, match=re.escape("0001_later.up.sql holds no statement")):
        bench.migrator().run()
    bench.write(_0001_later__up="CREATE TABLE a (x);", _0001_later__down="DROP TABLE a;")
    assert bench.migrator().run().version == 1
    assert bench.migrator().revert().version == 0


@pytest.mark.parametrize("name", ["", "!?", "../.."])
def test_a_name_needs_letters(bench: Bench, name: str) -> None:
    with pytest.raises(MigrationError, match="is no name"):
        add(bench, name)
    assert list(bench.folder.iterdir()) == []


def test_a_folder_with_problems_gets_nothing_new(bench: Bench) -> None:
    bench.write(_0001_a__up="SELECT 1;", _0003_c__up="SELECT 1;")
    with pytest.raises(MigrationError, match="number 0002 is missing"):
        add(bench, "d")
