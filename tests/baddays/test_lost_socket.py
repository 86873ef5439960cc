"""The socket file is removed under a running daemon: it comes back, and nobody who is there notices."""

import shutil
import signal
import socket
import stat
import struct
from pathlib import Path

from tests.asking_http import get
from tests.baddays.starting import refused
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.waiting import eventually


class InFolder(DaemonProcess):
    """A daemon whose socket has a folder of its own."""

    def __init__(self, folder: Path, name: str = "bus", settings: str | None = None) -> None:
        (folder / name).mkdir()
        super().__init__(folder / name, settings=settings)
        self.socket = folder / "run" / "bus.sock"
        self.url = f"ipc://{self.socket}"

    @property
    def lock(self) -> Path:
        return self.socket.with_name("bus.sock.lock")

    def listens(self) -> bool:
        """Whether it is this one that answers who connects now."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(self.socket))
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", told)[0]) == self.pid


def test_a_socket_file_that_is_removed_is_made_anew(daemon: DaemonProcess) -> None:
    with Plain(daemon, "early") as early:
        waiting = early.parked({"op": "fetch", "wait": 20})
        early.ok("hello")
        daemon.socket.unlink()
        eventually(daemon.socket.exists)
        assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
        with Plain(daemon, "late") as late:
            late.send("early", "found you")
        (delivery,) = waiting.reply()["ok"]["deliveries"]
        assert delivery["message"]["body"] == "found you"
    assert daemon.stop() == 0
    assert not daemon.socket.exists()
    assert "was gone, and was made anew" in daemon.log()


def test_so_is_its_folder(folder: Path) -> None:
    with InFolder(folder) as daemon:
        shutil.rmtree(daemon.socket.parent)
        eventually(daemon.socket.exists)
        assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700
        with Plain(daemon, "late") as late:
            late.send("late", 1)


def test_what_somebody_else_put_there_stays(daemon: DaemonProcess) -> None:
    with Plain(daemon, "early") as early, socket.socket(socket.AF_UNIX) as other:
        daemon.socket.unlink()
        other.bind(str(daemon.socket))
        eventually(lambda: "nobody can connect" in daemon.log())
        early.send("early", "still served")
        assert daemon.stop() == 0
    assert daemon.socket.exists()
    assert daemon.log().count("nobody can connect") == 1


def test_so_is_the_one_of_health_and_metrics(folder: Path) -> None:
    place = folder / "web" / "http"
    with DaemonProcess(folder, settings=f'[http]\nlisten = "unix:{place}"\n') as daemon:
        shutil.rmtree(place.parent)
        eventually(lambda: f"{place} was gone, and was made anew" in daemon.log())
        assert get(place, "/readyz").status == 200
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as other:
            place.unlink()
            other.bind(str(place))
            eventually(lambda: f"nobody can connect, {place} is gone" in daemon.log())
        place.unlink()
        eventually(lambda: daemon.log().count("was gone, and was made anew") == 2)
        assert get(place, "/healthz").body == "ok\n"
        assert daemon.stop() == 0
        assert not place.exists()


def test_a_daemon_that_has_come_in_its_place_is_left_alone(folder: Path) -> None:
    """With the folder the claim went, too. The other may not have made its socket yet."""
    web = folder / "http"
    first = InFolder(folder, "first", settings=f'[http]\nlisten = "unix:{web}"\n')
    second = InFolder(folder, "second")
    with first, Plain(first, "early") as early:
        first.signal(signal.SIGSTOP)
        shutil.rmtree(first.socket.parent)
        with second:
            second.signal(signal.SIGSTOP)
            second.socket.unlink()
            first.signal(signal.SIGCONT)
            eventually(lambda: "nobody can connect" in first.log())
            assert f"another daemon serves {first.url}" in first.log()
            assert not second.socket.exists()
            assert f"another daemon serves {first.url}" in get(web, "/healthz").body
            second.signal(signal.SIGCONT)
            eventually(second.socket.exists)
            assert second.listens()
            early.send("early", "still served")
            assert second.stop() == 0
        eventually(first.socket.exists)
        assert first.listens()
        eventually(lambda: get(web, "/healthz").body == "ok\n")
        assert first.log().count("nobody can connect") == 1


def test_who_has_made_it_anew_has_the_claim(folder: Path) -> None:
    with InFolder(folder, "first") as first:
        shutil.rmtree(first.socket.parent)
        eventually(first.socket.exists)
        said = refused(InFolder(folder, "second"))
        assert f"another daemon serves {first.url}" in said
        assert str(first.pid) in said
        assert first.listens()


def test_so_has_who_lost_the_lock_file_alone(folder: Path) -> None:
    with InFolder(folder, "first") as first:
        first.lock.unlink()
        eventually(first.lock.exists)
        assert f"another daemon serves {first.url}" in refused(InFolder(folder, "second"))
        assert first.listens()
