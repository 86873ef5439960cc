"""Drift is found object by object, told in sentences, and not seen where there is none."""

import pytest

from botbus_storage.migrator import MigrationError
from tests.migrations.databases import Bench

TABLE = """CREATE TABLE a (
    id INTEGER PRIMARY KEY, -- the key, of course
    kind TEXT NOT NULL DEFAULT 'x, (y' CHECK (kind IN ('x, (y', 'z')),
    price REAL COLLATE NOCASE,
    p INTEGER REFERENCES p (id) ON DELETE CASCADE,
    UNIQUE (kind, price),
    CONSTRAINT positive CHECK (price > 0)
) STRICT"""
PARENT = "CREATE TABLE p (id INTEGER PRIMARY KEY)"
INDEX = "CREATE INDEX i ON a (price) WHERE kind = 'z'"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET kind = 'z'; END"
VIEW = "CREATE VIEW v AS SELECT id FROM a"
ALL = [PARENT, TABLE, INDEX, TRIGGER, VIEW]
DRIFT = {
    "a column is lost": (
        "    p INTEGER REFERENCES p (id) ON DELETE CASCADE,\n",
        "",
        ["table a: column p is missing"],
    ),
    "a column is new": (
        "    UNIQUE",
        "    extra BLOB,\n    UNIQUE",
        ["table a: column extra should not be there"],
    ),
    "a type": ("p INTEGER REF", "p TEXT REF", ["table a: column p is `TEXT REFERENCES p (id)"]),
    "not null": (
        "TEXT NOT NULL DEFAULT",
        "TEXT DEFAULT",
        ["table a: column kind is `TEXT DEFAULT"],
    ),
    "a default": ("DEFAULT 'x, (y'", "DEFAULT 'z'", ["not `TEXT NOT NULL DEFAULT 'x, (y'"]),
    "a check": ("'z')),", "'Z')),", ["table a: column kind is"]),
    "a collation": (
        " COLLATE NOCASE",
        "",
        ["table a: column price is `REAL`, not `REAL COLLATE NOCASE`"],
    ),
    "a foreign key": ("CASCADE", "SET NULL", ["table a: column p is"]),
    "a unique constraint": (
        "    UNIQUE (kind, price),\n",
        "",
        ["table a: constraint `UNIQUE (kind, price)` is missing"],
    ),
    "a table check": (
        "price > 0",
        "price > 1",
        [
            "table a: constraint `CONSTRAINT positive CHECK (price > 0)` is missing",
            "table a: constraint `CONSTRAINT positive CHECK (price > 1)` should not be there",
        ],
    ),
    "strictness": (") STRICT", ")", ["table a: after the columns stands nothing, not STRICT"]),
    "an index": ("a (price) WHERE", "a (p) WHERE", ["index i is `CREATE INDEX i ON a (p)"]),
    "a partial index": (" WHERE kind = 'z'", "", ["index i is `CREATE INDEX i ON a (price)`, not"]),
    "a trigger": ("AFTER INSERT", "AFTER DELETE", ["trigger t is `CREATE TRIGGER t AFTER DELETE"]),
    "a view": ("SELECT id", "SELECT kind", ["view v is `CREATE VIEW v AS SELECT kind"]),
    "an index lost": (INDEX + ";\n", "", ["index i is missing"]),
    "a trigger lost": (TRIGGER + ";\n", "", ["trigger t is missing"]),
    "a view lost": (VIEW + ";\n", "", ["view v is missing"]),
    "another table": (
        VIEW,
        "CREATE TABLE more (x);\n" + VIEW,
        ["table more should not be there"],
    ),
}


def script(statements: list[str]) -> str:
    return "".join(f"{statement};\n" for statement in statements)


@pytest.fixture
def sound(bench: Bench) -> Bench:
    bench.write(_0001_a__up=script(ALL))
    bench.migrator().run()
    (bench.folder / "schema.sql").write_text(bench.migrator().schema())
    return bench


def test_no_drift(sound: Bench) -> None:
    assert sound.migrator().verify() == ()


@pytest.mark.parametrize("what", DRIFT)
def test_drift_is_told_as_what_it_is(sound: Bench, what: str) -> None:
    old, new, sentences = DRIFT[what]
    drifted = script(ALL).replace(old, new)
    assert drifted != script(ALL)
    live = Bench(sound.database.with_name("live.db"), sound.folder.with_name("other"))
    live.folder.mkdir()
    live.write(_0001_a__up=drifted)
    live.migrator().run()
    found = live.migrator().verify(sound.folder / "schema.sql")
    assert len(found) == len(sentences)
    for told, expected in zip(sorted(found), sorted(sentences), strict=True):
        assert expected in told


def test_a_lost_table_is_one_sentence(sound: Bench) -> None:
    for name in ("VIEW v", "TABLE a", "TABLE p"):
        sound.query(f"DROP {name}")
    assert sound.migrator().verify() == (
        "table a is missing",
        "table p is missing",
        "index i is missing",
        "trigger t is missing",
        "view v is missing",
    )


def test_the_order_of_columns_matters(sound: Bench) -> None:
    (sound.folder / "schema.sql").write_text(
        (sound.folder / "schema.sql").read_text().replace("(id INTEGER PRIMARY KEY)", "(b, id)")
    )
    sound.query("DROP TABLE p")
    sound.query("CREATE TABLE p (id, b)")
    assert sound.migrator().verify() == (
        "table p: the columns stand in the order id, b, not b, id",
    )


def test_layout_case_quotes_and_comments_make_no_difference(sound: Bench) -> None:
    text = (sound.folder / "schema.sql").read_text()
    text = text.replace("-- the key, of course", "/* key, ( */").replace("\n    ", " \n\t ")
    text = text.replace("CREATE TABLE a", 'create table "a"').replace(
        "kind TEXT NOT", "[kind] text not"
    )
    (sound.folder / "schema.sql").write_text(text)
    assert sound.migrator().verify() == ()


def test_a_table_built_by_alterations_equals_itself_written_at_once(bench: Bench) -> None:
    bench.write(
        _0001_a__up="CREATE TABLE old (x TEXT, z);",
        _0002_b__up="ALTER TABLE old RENAME TO a; ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 3;"
        "ALTER TABLE a RENAME COLUMN x TO w; ALTER TABLE a DROP COLUMN z;",
    )
    bench.migrator().run()
    golden = bench.folder / "schema.sql"
    golden.write_text("CREATE TABLE a (w TEXT, y INTEGER DEFAULT 3);")
    assert bench.migrator().verify() == ()


def test_full_text_tables_are_one_object(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE VIRTUAL TABLE f USING fts5(body);")
    bench.migrator().run()
    golden = bench.migrator().schema()
    assert golden.count("CREATE") == 1
    (bench.folder / "schema.sql").write_text(golden)
    assert bench.migrator().verify() == ()


def test_verifying_reads_only(sound: Bench) -> None:
    before = sound.database.read_bytes()
    sound.migrator().verify()
    assert sound.database.read_bytes() == before


def test_what_verify_cannot_do_without(sound: Bench) -> None:
    (sound.folder / "schema.sql").write_text("CREATE TABLE a (x);\noops;")
    with pytest.raises(MigrationError, match=r"schema\.sql fails at line 2"):
        sound.migrator().verify()
    (sound.folder / "schema.sql").unlink()
    with pytest.raises(MigrationError, match="botbus migrate schema --write"):
        sound.migrator().verify()
    sound.database.unlink()
    (sound.folder / "schema.sql").write_text("CREATE TABLE a (x);")
    with pytest.raises(MigrationError, match="there is no database"):
        sound.migrator().verify()


def test_lint_tells_a_golden_schema_gone_stale(sound: Bench) -> None:
    assert sound.migrator().lint() == ()
    sound.write(_0002_b__up="CREATE TABLE b (x);")
    assert sound.migrator().lint() == (
        "schema.sql is not what the migrations make: run `botbus migrate schema --write`",
    )
    sound.write(_0002_b__up="COMMIT;", _0002_b__down="-- later")
    assert len(sound.migrator().lint()) == 2
