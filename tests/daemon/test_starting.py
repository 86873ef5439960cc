"""How a daemon starts: what it makes and claims, and what it refuses in one sentence."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess


def refused(daemon: DaemonProcess, code: int = 1) -> str:
    """What a daemon says that cannot start; one line and no traceback."""
    ended = subprocess.run(
        daemon.command(), capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == code, ended
    assert ended.stderr.startswith("botbus: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    return ended.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Elsewhere(DaemonProcess):
    """A daemon with its socket and database where a test wants them; its log stays in the folder."""

    def __init__(
        self, folder: Path, *, socket: Path | None = None, database: Path | None = None
    ) -> None:
        super().__init__(folder)
        self.socket = socket or self.socket
        self.url = f"ipc://{self.socket}"
        self.database = database or self.database


class Powerless(DaemonProcess):
    """A daemon for which the modes of files count, even if root runs the tests."""

    def command(self) -> list[str]:
        drop = ["--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
        return ["setpriv", *drop, *super().command()]


def test_it_makes_its_folders_for_itself_alone(folder: Path) -> None:
    place = Elsewhere(
        folder, socket=folder / "run" / "deep" / "bus.sock", database=folder / "state" / "bus.db"
    )
    with place as daemon:
        assert mode(daemon.socket) == 0o600
        assert mode(daemon.socket.parent) == 0o700
        assert mode(daemon.database.parent) == 0o700
        assert {mode(path) for path in daemon.database.parent.iterdir()} == {0o600}
        assert daemon.stop() == 0
    assert not daemon.socket.exists()


def test_a_second_daemon_on_the_socket_is_refused(daemon: DaemonProcess) -> None:
    second = Elsewhere(daemon.folder, database=daemon.folder / "other.db")
    said = refused(second)
    assert f"another daemon serves {daemon.url}" in said
    assert str(daemon.pid) in said
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 1


def test_a_second_daemon_on_the_database_is_refused(daemon: DaemonProcess) -> None:
    second = Elsewhere(daemon.folder, socket=daemon.folder / "other.sock")
    said = refused(second)
    assert f"{daemon.database} is in use by process {daemon.pid}" in said
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 1


def test_the_database_is_one_by_whatever_name(daemon: DaemonProcess) -> None:
    link = daemon.folder / "link.db"
    link.symlink_to(daemon.database)
    second = Elsewhere(daemon.folder, socket=daemon.folder / "other.sock", database=link)
    assert "is in use by process" in refused(second)


def test_the_socket_of_a_daemon_that_was_killed_is_replaced(daemon: DaemonProcess) -> None:
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    with Plain(daemon) as client:
        assert client.ok("hello")["boot"] == 2


def test_a_socket_path_that_is_a_file_is_refused_and_left_alone(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.socket.write_text("precious")
    assert "is not a socket" in refused(daemon)
    assert daemon.socket.read_text() == "precious"


def test_a_socket_path_that_is_a_folder_is_refused(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.socket.mkdir()
    assert "is not a socket" in refused(daemon)


def test_a_socket_path_that_is_too_long_is_refused(folder: Path) -> None:
    daemon = Elsewhere(folder, socket=folder / ("x" * 108))
    assert "shorten it" in refused(daemon)


def test_a_socket_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    daemon = Elsewhere(folder, socket=folder / "open" / "bus.sock")
    daemon.socket.parent.mkdir()
    daemon.socket.parent.chmod(0o777)
    assert "chmod 700" in refused(daemon)


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes folders of others")
def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    """He could take our socket away and put one of his own there."""
    daemon = Elsewhere(folder, socket=folder / "his" / "bus.sock")
    daemon.socket.parent.mkdir(mode=0o755)
    os.chown(daemon.socket.parent, 4711, 4711)
    assert "belongs to user 4711" in refused(daemon)


def test_a_database_that_is_a_folder_is_refused(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.database.mkdir()
    assert str(daemon.database) in refused(daemon, code=2)


def test_a_database_in_a_folder_that_is_a_file_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    daemon = Elsewhere(folder, database=folder / "file" / "bus.db")
    assert "cannot be made" in refused(daemon)


def test_a_file_that_is_no_database_is_refused_and_left_alone(folder: Path) -> None:
    daemon = DaemonProcess(folder)
    daemon.database.write_text("Dear diary,\n" * 500)
    assert "no SQLite database" in refused(daemon)
    assert daemon.database.read_text() == "Dear diary,\n" * 500


def test_a_corrupt_database_is_refused(daemon: DaemonProcess) -> None:
    with Plain(daemon, "writer") as client:
        for _ in range(50):
            client.send("reader", "x" * 1000)
    assert daemon.stop() == 0
    size = daemon.database.stat().st_size
    with daemon.database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size // 2))
    assert str(daemon.database) in refused(daemon)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root reads everything without setpriv")
def test_a_database_that_may_not_be_read_is_refused(folder: Path) -> None:
    daemon = Powerless(folder)
    daemon.database.touch(mode=0o000)
    assert str(daemon.database) in refused(daemon, code=2)
