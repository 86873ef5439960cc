"""One file holds both directions; the way down is found whether it is commented out or not."""

import pytest

from botbus_storage.migrator import MigrationError
from botbus_storage.migrator.sections import Sections, read_sections
from botbus_storage.migrator.statements import split


def sections(text: str) -> Sections:
    return read_sections("20250115_001_a.sql", text)


def down(text: str) -> list[tuple[str, int]]:
    found = sections(text).down
    assert found is not None
    return [(statement.text, statement.line) for statement in split(found)]


def test_plain_way_down_keeps_its_lines() -> None:
    text = "-- UP\nCREATE TABLE a (x);\n\n-- DOWN\n-- now gone\nDROP TABLE a;\n"
    assert sections(text).up == "-- UP\nCREATE TABLE a (x);\n\n"
    assert down(text) == [("DROP TABLE a;", 6)]


def test_lines_are_counted_from_the_first_one_though_it_is_empty() -> None:
    assert down("\nSELECT 1;\n-- DOWN\nSELECT 2;\n") == [("SELECT 2;", 4)]


def test_commented_way_down_among_prose() -> None:
    text = """-- UP
CREATE TABLE a (x);
-- DOWN
-- Cleanup logic here (commented out)
-- Drop what was made; newest first.
-- DROP INDEX IF EXISTS i;
--
--DELETE FROM b
--  WHERE x = ';' -- the old ones
--    AND y = 1;
-- That is all.
"""
    assert down(text) == [
        ("DROP INDEX IF EXISTS i;", 6),
        ("DELETE FROM b\nWHERE x = ';' -- the old ones\nAND y = 1;", 8),
    ]


def test_a_commented_trigger_is_one_statement() -> None:
    text = """CREATE TABLE a (x);
-- DOWN
-- CREATE TRIGGER t AFTER INSERT ON a BEGIN
--   UPDATE a SET x = 1;
--   DELETE FROM a;
-- END;
"""
    assert len(down(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (x);\n",
        "CREATE TABLE DOWNTIMES (x);\n",
        "SELECT 1;\n-- DOWN\n-- nothing to undo\n",
    ],
)
def test_no_way_down(text: str) -> None:
    assert sections(text).down is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- DOWN\nSELECT 1;\n-- UP\nSELECT 2;\n", "before `-- UP`"),
        ("-- UP\nSELECT 1;\n-- DOWN\n-- DOWN\n", "more than one"),
        ("-- UP\nSELECT 1;\n-- UP\n-- DOWN\nSELECT 2;\n", "more than one"),
    ],
)
def test_markers_that_make_no_sense(text: str, said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        sections(text)
