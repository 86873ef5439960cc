"""Status lists every version that folder or history know, in whatever state."""

import pytest

from botbus_storage.migrator import MigrationError, Status
from tests.migrations.databases import Bench


def states(status: Status) -> dict[str, str]:
    return {entry.title: entry.state for entry in status.entries}


def test_every_state(bench: Bench) -> None:
    names = ["20250101", "20250102", "20250103", "20250104", "20250105"]
    bench.write(**{f"_{name}_t__up": f"CREATE TABLE t{name} (x);" for name in names})
    bench.migrator(app_version="1.2.3").run(to=20250104)
    bench.write(_20250102_t__up="SELECT 2;")
    (bench.folder / "20250103_t.up.sql").unlink()
    status = bench.migrator().status()
    assert status.version == 20250104
    assert states(status) == {
        "20250101_t": "applied",
        "20250102_t": "changed",
        "20250103_t": "missing",
        "20250104_t": "applied",
        "20250105_t": "pending",
    }
    assert status.entries[0].row is not None
    assert status.entries[0].row.app_version == "1.2.3"
    for name in ("20250104", "20250105"):
        (bench.folder / f"{name}_t.up.sql").unlink()
    assert states(bench.migrator().status())["20250104_t"] == "newer"


def test_without_a_database_everything_is_pending_and_none_is_made(bench: Bench) -> None:
    bench.write(_0001_a__up="SELECT 1;")
    assert states(bench.migrator().status()) == {"0001_a": "pending"}
    assert list(bench.database.parent.iterdir()) == [bench.folder]


def test_problems_of_the_folder_are_part_of_the_status(bench: Bench) -> None:
    bench.write(_0001_a__up="SELECT 1;", _0003_c__up="SELECT 1;", oops="SELECT 1;")
    status = bench.migrator().status()
    assert len(status.entries) == 2
    assert status.problems == ("oops.sql is not the name of a migration", "number 0002 is missing")


def test_status_writes_nothing(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    bench.query("CREATE TABLE other (x)")
    before = bench.database.read_bytes()
    bench.migrator().status()
    assert bench.database.read_bytes() == before
    assert bench.files() == {"bot.db"}


def test_a_connection_for_reading_cannot_write(bench: Bench) -> None:
    bench.query("CREATE TABLE a (x)")
    with (
        pytest.raises(MigrationError, match="attempt to write a readonly database"),
        bench.migrator().target.reading() as connection,
    ):
        connection.execute("DROP TABLE a")
    assert bench.query("SELECT count(*) FROM a") == [(0,)]
