"""`botbus doctor`: each thing that can be wrong is found, and named with what to do."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import botbus
from botbus_cli.proving import prove_here
from tests.cli.command import Botbus, Outcome
from tests.daemons import DaemonProcess

LONG_AGO = "2026-01-31T09:00:00.000000Z"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    tmp_path.chmod(0o700)
    with DaemonProcess(tmp_path) as running:
        yield running


def examined(daemon: DaemonProcess, *options: str) -> Outcome:
    return Botbus(daemon.url)("doctor", "--database", str(daemon.database), "--json", *options)


def found(outcome: Outcome, level: str) -> list[dict[str, Any]]:
    return [finding for finding in outcome.objects if finding["level"] == level]


def change(daemon: DaemonProcess, statement: str, *values: Any) -> None:
    with contextlib.closing(sqlite3.connect(daemon.database, isolation_level=None)) as connection:
        connection.execute(statement, values)


def test_all_is_well_beside_a_running_daemon(daemon: DaemonProcess) -> None:
    daemon.database.chmod(0o600)
    outcome = examined(daemon)
    assert outcome.code == 0, outcome.out
    assert found(outcome, "wrong") == []
    assert {finding["check"] for finding in outcome.objects} == {
        "settings", "sqlite", "permissions", "disk", "schema", "contents", "daemon",
    }  # fmt: skip


def test_a_daemon_that_does_not_run_is_a_warning(daemon: DaemonProcess) -> None:
    daemon.stop()
    outcome = examined(daemon)
    assert outcome.code == 0
    assert any("no daemon" in finding["text"] for finding in found(outcome, "warning"))


def test_a_daemon_that_is_not_well_is_wrong(daemon: DaemonProcess) -> None:
    daemon.database.rename(daemon.folder / "aside")
    (finding,) = found(examined(daemon), "wrong")
    assert finding["check"] == "daemon"
    assert f"{daemon.database} was removed or replaced while it is served" in finding["text"]
    (daemon.folder / "aside").rename(daemon.database)
    assert found(examined(daemon), "wrong") == []


def test_a_folder_that_others_can_write_is_wrong(daemon: DaemonProcess) -> None:
    daemon.folder.chmod(0o777)
    outcome = examined(daemon)
    assert outcome.code == 1
    assert f"chmod go-w {daemon.folder}" in found(outcome, "wrong")[0]["text"]
    assert "unwell" in outcome.err


def test_the_folder_of_the_database_is_looked_at_too(daemon: DaemonProcess) -> None:
    daemon.stop()
    shelf = daemon.folder / "shelf"
    shelf.mkdir()
    shelf.chmod(0o777)
    words = ("doctor", "--json", "--database", str(shelf / "bus.db"))
    (finding,) = found(Botbus(daemon.url)(*words), "wrong")
    assert finding["text"] == f"{shelf} can be written by others: chmod go-w {shelf}"
    shelf.chmod(0o1777)
    assert found(Botbus(daemon.url)(*words), "wrong") == []


@pytest.mark.parametrize(("mode", "level"), [(0o646, "wrong"), (0o664, "warning")])
def test_settings_that_others_can_write_are_told(
    daemon: DaemonProcess, mode: int, level: str
) -> None:
    config = daemon.folder / "botbus.toml"
    config.touch()
    config.chmod(mode)
    outcome = examined(daemon, "--config", str(config))
    assert [each["check"] for each in found(outcome, level) if str(config) in each["text"]] == [
        "permissions"
    ]
    config.chmod(0o644)
    assert str(config) not in examined(daemon, "--config", str(config)).out


def test_a_schema_that_somebody_changed_is_wrong(daemon: DaemonProcess) -> None:
    daemon.stop()
    change(daemon, "DROP INDEX idx_bot_messages_timestamp")
    outcome = examined(daemon)
    assert outcome.code == 1
    assert "idx_bot_messages_timestamp" in found(outcome, "wrong")[0]["text"]


def test_a_database_of_another_version_is_told_as_that(daemon: DaemonProcess) -> None:
    daemon.stop()
    run = Botbus(daemon.url)
    assert run("migrate", "revert", "--database", str(daemon.database)).code == 0
    outcome = examined(daemon)
    assert (outcome.code, found(outcome, "wrong")) == (0, [])
    assert any("the daemon's next start applies 0" in each["text"] for each in outcome.objects)
    change(
        daemon,
        "INSERT INTO schema_history (version, name, checksum, applied_at, duration_ms, app_version)"
        " VALUES (9999, 'future', 'x', ?, 1.0, '9.9')",
        LONG_AGO,
    )
    (finding,) = found(examined(daemon), "wrong")
    assert "written by a newer botbus" in finding["text"]


def test_a_key_that_cannot_be_used_is_a_finding(daemon: DaemonProcess) -> None:
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    outcome = examined(daemon, "--key-file", str(daemon.folder / "none"))
    assert outcome.code == 1
    assert "the key file" in found(outcome, "wrong")[0]["text"]


def test_damage_is_found(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("sender", url=daemon.url) as bus:
        for _ in range(200):
            bus.send("reader", "x" * 2000)
    daemon.stop()
    content = bytearray(daemon.database.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 40960] = b"\xff" * 40960
    daemon.database.write_bytes(content)
    outcome = examined(daemon)
    assert outcome.code == 1
    assert any("botbus restore" in finding["text"] for finding in found(outcome, "wrong"))


def test_dead_letters_stuck_mailboxes_and_old_leases_are_told(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("sender", url=daemon.url) as bus:
        bus.send("sleeper", "nobody comes")
        bus.send("holder", "held")
    with botbus.connect_sync("holder", url=daemon.url) as bus:
        (held,) = bus.fetch()
        held.term("no good")
    daemon.stop()
    change(daemon, "UPDATE bot_messages SET timestamp = ?", LONG_AGO)
    told = [finding["text"] for finding in found(examined(daemon), "warning")]
    assert any("1 dead letters" in text for text in told)
    assert any(f"1 messages wait for sleeper since {LONG_AGO}" in text for text in told)
    change(daemon, "UPDATE bot_deliveries SET state = 'leased', fetched_at = ?", LONG_AGO)
    told = [finding["text"] for finding in found(examined(daemon), "warning")]
    assert any("holder holds 1 deliveries" in text for text in told)


def test_what_retention_took_is_told_and_a_file_that_does_not_shrink(
    daemon: DaemonProcess,
) -> None:
    daemon.stop()
    change(daemon, "INSERT INTO bot_losses VALUES ('x', 'builds', 7, 2, 9, ?)", LONG_AGO)
    with contextlib.closing(sqlite3.connect(daemon.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    said = examined(daemon).out
    assert "retention took 7 deliveries and 2 dead letters of channel builds from x" in said
    assert "never shrinks: stop the daemon and run botbus compact" in said
    done = Botbus(daemon.url)("compact", "--database", str(daemon.database))
    assert (done.code, " MB and has " in done.out) == (0, True), done.err
    assert "never shrinks" not in examined(daemon).out
    daemon.start()
    refused = Botbus(daemon.url)("compact", "--database", str(daemon.database))
    assert (refused.code, "is in use by process" in refused.err) == (1, True)


def test_a_settings_file_that_cannot_be_used_is_wrong(daemon: DaemonProcess) -> None:
    config = daemon.folder / "botbus.toml"
    config.write_text("databse = 'x'")
    outcome = examined(daemon, "--config", str(config))
    assert outcome.code == 1
    assert "databse" in found(outcome, "wrong")[0]["text"]


def test_a_proof_that_cannot_be_made_is_a_finding(tmp_path: Path) -> None:
    place = tmp_path / "gone"
    sentence = f"nothing could be proved in {place}: No such file or directory"
    assert list(prove_here(place)) == [("wrong", sentence)]


@pytest.mark.long
def test_the_proof_measures_the_disk_and_loses_nothing(daemon: DaemonProcess) -> None:
    before = sorted(daemon.folder.iterdir())
    outcome = examined(daemon, "--prove", "--dir", str(daemon.folder))
    assert outcome.code == 0, outcome.out
    proofs = [finding["text"] for finding in outcome.objects if finding["check"] == "proof"]
    assert "a synced write of 4 KiB takes" in proofs[0]
    assert proofs[1].endswith("killed 5 times, 0 lost")
    assert sorted(daemon.folder.iterdir()) == before
