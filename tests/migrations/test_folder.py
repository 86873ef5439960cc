"""Names are read in three shapes, and whatever is wrong with them is reported by name."""

from pathlib import Path

import pytest

from botbus_storage.migrator import MigrationError
from botbus_storage.migrator.folder import parse_version, read, survey
from tests.migrations.databases import SETS


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("SELECT 1;")


def problems(folder: Path) -> str:
    """All that is wrong with the folder; reading it is refused with the same words."""
    found = "; ".join(survey(folder)[1])
    if found:
        with pytest.raises(MigrationError) as refused:
            read(folder)
        assert found in str(refused.value)
    return found


def test_the_three_shapes(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "0001_a.down.sql", "0002_b.up.sql", "V3__c.sql")
    counted = read(tmp_path)
    assert [(each.version, each.title, each.down is not None) for each in counted] == [
        (1, "0001_a", True),
        (2, "0002_b", False),
        (3, "V3_c", False),
    ]
    dated = read(SETS / "orchestrator")
    assert [each.label for each in dated] == [f"20250115_00{number}" for number in range(1, 8)]
    assert len({each.version for each in dated}) == 7
    assert all(each.down for each in dated)


def test_a_dated_pair_of_files(tmp_path: Path) -> None:
    put(tmp_path, "20250115_001_a.up.sql", "20250115_001_a.down.sql")
    (only,) = read(tmp_path)
    assert (only.title, only.down is not None) == ("20250115_001_a", True)


def test_other_files_are_no_concern(tmp_path: Path) -> None:
    put(tmp_path, "README.md", "__init__.py", "notes.txt", "schema.sql", "V1__a.sql")
    assert len(read(tmp_path)) == 1


def test_a_gap_is_reported_by_number(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "0003_c.up.sql", "0007_g.up.sql")
    assert problems(tmp_path) == "number 0002 is missing; number 0004 to 0006 is missing"


def test_one_number_is_told_as_one_however_large(tmp_path: Path) -> None:
    put(tmp_path, "0400_a.up.sql", "0402_b.up.sql")
    assert problems(tmp_path) == "number 0001 to 0399 is missing; number 0401 is missing"


def test_a_set_may_begin_with_zero(tmp_path: Path) -> None:
    put(tmp_path, "0000_a.up.sql", "0001_b.up.sql")
    assert problems(tmp_path) == ""


@pytest.mark.parametrize(("number", "told"), [(9_999_999, True), (10_000_000, False)])
def test_numbers_of_eight_digits_are_dates(tmp_path: Path, number: int, told: bool) -> None:
    put(tmp_path, "0001_a.up.sql", f"{number}_b.up.sql")
    assert bool(problems(tmp_path)) is told


def test_a_lost_first_file_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path, "V2__b.sql")
    assert problems(tmp_path) == "number 0001 is missing"


def test_a_gap_in_a_dated_set(tmp_path: Path) -> None:
    put(tmp_path, "20250115_001_a.sql", "20250115_003_c.sql")
    assert problems(tmp_path) == "number 002 is missing before 20250115_003"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["20250115_003_a", "20250115_005_b"], "number 004 is missing before 20250115_005"),
        (["20250115_001_a", "20250116_003_b"], "number 002 is missing before 20250116_003"),
        (["20250115_003_a", "20250116_002_b"], "number 004 is missing before 20250116_002"),
        (["20250115_0300_a", "20250115_0301_b"], ""),
    ],
)
def test_dated_sets_leave_nothing_out(tmp_path: Path, names: list[str], said: str) -> None:
    put(tmp_path, *(f"{name}.sql" for name in names))
    assert problems(tmp_path) == said
    assert [each.version % 10_000 for each in survey(tmp_path)[0]] == [
        int(name.split("_")[1]) for name in names
    ]


def test_dated_sets_count_on_or_begin_anew_with_each_date(tmp_path: Path) -> None:
    names = ("20250115_001_a", "20250116_002_b", "20250117_001_c", "20250118_000_d")
    put(tmp_path, *(f"{name}.sql" for name in names))
    assert problems(tmp_path) == ""


def test_times_as_numbers_have_gaps_by_nature(tmp_path: Path) -> None:
    put(tmp_path, "20250115120000_a.up.sql", "20250301080000_b.up.sql")
    assert problems(tmp_path) == ""


def test_a_number_used_twice_is_reported_with_both_names(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "1_b.up.sql", "V1__c.sql")
    assert (
        problems(tmp_path)
        == "number 1 is there more than once: 0001_a.up.sql, 1_b.up.sql, V1__c.sql"
    )


def test_one_name_in_two_shapes(tmp_path: Path) -> None:
    put(tmp_path, "20250115_001_a.sql", "20250115_001_a.up.sql")
    assert "20250115_001_a.sql, 20250115_001_a.up.sql" in problems(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["0001-a.up.sql", "0001_a.sql", "V1_a.sql", "v1__a.sql", "V1.1__a.sql", "a.up.sql", "x.sql"],
)
def test_an_unknown_file_is_reported_by_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert problems(tmp_path) == f"{name} is not the name of a migration"


def test_a_way_down_without_a_way_up(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "0001_b.down.sql")
    assert problems(tmp_path) == "0001_b.down.sql is a way down without 0001_b.up.sql"


def test_a_dated_way_down_alone_is_no_mixture(tmp_path: Path) -> None:
    put(tmp_path, "20250115_001_a.down.sql")
    assert problems(tmp_path).startswith("20250115_001_a.down.sql is a way down without")


def test_counted_and_dated_names_do_not_mix(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "20250115_001_b.sql")
    assert "no common order" in problems(tmp_path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    put(tmp_path, "0001_a.up.sql", "0003_c.up.sql", "oops.sql")
    assert problems(tmp_path) == "oops.sql is not the name of a migration; number 0002 is missing"


def test_a_way_down_hidden_in_a_forward_only_file(tmp_path: Path) -> None:
    (tmp_path / "V1__a.sql").write_text("CREATE TABLE a (x);\n-- DOWN\nDROP TABLE a;\n")
    assert problems(tmp_path) == "V1__a.sql goes up only, but has a `-- DOWN` section"


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe", "is not UTF-8 text"), (b"SELECT 1;\0", "a NUL character")]
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "V1__a.sql").write_bytes(content)
    assert problems(tmp_path).startswith("V1__a.sql")
    assert said in problems(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="No such file or directory"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3", 3),
        ("0003", 3),
        ("V3", 3),
        ("20250115_001", 202501150001),
        ("20250115_0300", 202501150300),
        ("202501150001", 202501150001),
    ],
)
def test_a_version_is_said_as_the_file_says_it(text: str, version: int) -> None:
    assert parse_version(text) == version


def test_something_else_is_no_version() -> None:
    with pytest.raises(MigrationError, match="'latest' is not a version"):
        parse_version("latest")
