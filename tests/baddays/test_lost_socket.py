"""The socket file is removed under a running daemon: it comes back, and nobody who is there notices."""

import shutil
import socket
import stat
from pathlib import Path

from tests.asking_http import get
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.waiting import eventually


class InFolder(DaemonProcess):
    """A daemon whose socket has a folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.socket = folder / "run" / "bus.sock"
        self.url = f"ipc://{self.socket}"


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
