"""Statements are cut where SQLite ends them, and know their line."""

from hypothesis import given
from hypothesis import strategies as st

from botbus_storage.migrator.statements import Statement, split


def texts(script: str) -> list[str]:
    return [statement.text for statement in split(script)]


def test_each_statement_knows_its_line() -> None:
    script = "-- head\n\nCREATE TABLE a (x);\n/* two\nlines */ CREATE TABLE b (y);\n"
    assert [(each.text, each.line) for each in split(script)] == [
        ("CREATE TABLE a (x);", 3),
        ("CREATE TABLE b (y);", 5),
    ]


def test_semicolons_in_strings_names_and_comments_end_nothing() -> None:
    one = """INSERT INTO "a;b" ([c;d], `e;f`) -- no; not here
        VALUES ('it''s; one', /* nor; here */ ';');"""
    assert texts(one + " SELECT 1;") == [one, "SELECT 1;"]


def test_a_trigger_is_one_statement() -> None:
    trigger = """CREATE TEMP TRIGGER t AFTER UPDATE ON a BEGIN
        UPDATE a SET x = CASE WHEN 1 THEN ';END;' END; -- END;
        SELECT CASE 1 WHEN 1 THEN 2 END;
    END;"""
    assert texts(trigger + "\nSELECT 2;") == [trigger, "SELECT 2;"]


def test_a_column_called_end_or_begin_confuses_nothing() -> None:
    assert texts('CREATE TABLE t ("end" TEXT, "begin" TEXT); SELECT 1;') == [
        'CREATE TABLE t ("end" TEXT, "begin" TEXT);',
        "SELECT 1;",
    ]


def test_the_last_statement_needs_no_semicolon() -> None:
    assert texts("SELECT 1;\nSELECT 2 -- done") == ["SELECT 1;", "SELECT 2 -- done"]


def test_comments_and_lone_semicolons_are_no_statements() -> None:
    assert texts("; -- nothing;\n/* and; nothing */ ;\n") == []


def test_an_unfinished_string_is_left_to_sqlite_as_one_statement() -> None:
    assert texts("SELECT 1; SELECT 'oops; SELECT 2;") == ["SELECT 1;", "SELECT 'oops; SELECT 2;"]


def test_windows_line_ends() -> None:
    assert [each.line for each in split("SELECT 1;\r\n\r\nSELECT 2;\r\n")] == [1, 3]


def test_what_is_no_sql_is_left_to_sqlite_too() -> None:
    assert texts('"a"; SELECT 1;') == ['"a";', "SELECT 1;"]


def test_the_verb_is_the_first_word_in_capitals() -> None:
    verbs = [Statement(text, 1).verb for text in ("create table a (x);", "PRAGMA x;", "(1);")]
    assert verbs == ["CREATE", "PRAGMA", ""]


@given(st.text(";'\"`[]-/* \nax", max_size=30))
def test_statements_lie_in_the_text_in_order_and_leave_no_code_out(text: str) -> None:
    """However comments, quotes and semicolons meet: each begins where it says, after the one before."""
    position = 0
    for statement in split(text):
        found = text.index(statement.text, position)
        assert statement.line == text.count("\n", 0, found) + 1
        assert "x" not in text[position:found].partition("--")[0].partition("/*")[0]
        position = found + len(statement.text)
