"""Who may connect, to what, and what is said when it does not work."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

import botbus
from botbus_protocol.errors import Fault
from botbus_protocol.limits import Limits
from botbus_protocol.requests import Hello, Send
from tests.client.peer import Peer
from tests.daemons import DaemonProcess


async def test_no_daemon_is_told_at_once(folder: Path) -> None:
    with pytest.raises(botbus.Unavailable, match="botbus serve") as caught:
        async with botbus.connect("planner", url=f"ipc://{folder}/none.sock"):
            pass
    assert caught.value.code == "unavailable"
    assert f"no daemon at ipc://{folder}/none.sock" in str(caught.value)


async def test_a_name_out_of_grammar_is_refused_before_connecting(folder: Path) -> None:
    with pytest.raises(botbus.Invalid, match="is not a name"):
        async with botbus.connect("two words", url=f"ipc://{folder}/none.sock"):
            pass


@pytest.mark.parametrize("url", ["nonsense", "foo://x", "ipc://" + "x" * 200])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(botbus.Invalid, match="url"):
        async with botbus.connect("planner", url=url):
            pass


@pytest.mark.parametrize("timeout", [0, -1, None, "10"])
async def test_a_timeout_that_is_none_is_refused(folder: Path, timeout: Any) -> None:
    with pytest.raises(botbus.Invalid, match="timeout must be a number"):
        async with botbus.connect("planner", url=f"ipc://{folder}/none.sock", timeout=timeout):
            pass


async def test_a_process_that_is_no_daemon_does_not_hold_one_up(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/silent.sock")
        silent.listen()
        started = monotonic()
        with pytest.raises(botbus.Timeout, match="is it a botbus daemon"):
            async with botbus.connect(url=f"ipc://{folder}/silent.sock", timeout=0.3):
                pass
        assert monotonic() - started < 3


async def test_a_daemon_that_does_not_welcome_is_not_connected_to(peer: Peer) -> None:
    peer.says[Hello] = lambda _: Fault("unsupported_version", "use v = 2")
    with pytest.raises(botbus.UnsupportedVersion, match="use v = 2"):
        async with botbus.connect("planner", url=peer.url):
            pass


async def test_the_environment_names_the_daemon(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTBUS_URL", peer.url)
    async with botbus.connect() as bus:
        assert bus.url == peer.url
        assert bus.name is None


async def test_hello_tells_limits_and_boot(folder: Path) -> None:
    peer = Peer(folder, Limits(requests_per_frame=7))
    peer.start()
    try:
        async with botbus.connect("planner", url=peer.url) as bus:
            assert bus.limits.requests_per_frame == 7
            assert bus.boot == 1
        assert peer.heard(Hello)[0].client.startswith("botbus-python ")
    finally:
        peer.stop()


async def test_one_message_goes_out_and_its_receipt_comes_back(peer: Peer) -> None:
    async with botbus.connect("planner", url=peer.url) as bus:
        receipt = await bus.send("coder", {"task": "fix #12"}, type="task")
    (sent,) = peer.heard(Send)
    assert (sent.to, sent.type, sent.id) == ("coder", "task", receipt.id)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root looks everywhere without setpriv")
def test_a_system_daemon_that_is_not_for_us_is_no_hindrance(tmp_path: Path) -> None:
    """Its folder may not be entered, so it cannot even be seen whether there is a socket."""
    (tmp_path / "closed").mkdir(mode=0)
    script = f"""
from pathlib import Path
from botbus_protocol import locations
locations.SYSTEM_SOCKET = Path({str(tmp_path / "closed" / "bus.sock")!r})
from botbus.bus import default_url
print(default_url())
"""
    drop = ["--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    env = {**os.environ, "XDG_RUNTIME_DIR": "/run/user/7", "HOME": str(tmp_path), "BOTBUS_URL": ""}
    found = subprocess.run(
        ["setpriv", *drop, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert found.stdout == "ipc:///run/user/7/botbus/bus.sock\n", found.stderr


def test_the_url_of_the_settings_is_where_clients_go(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = daemon.folder / "botbus.toml"
    settings.write_text(f'url = "{daemon.url}"')
    monkeypatch.setenv("BOTBUS_CONFIG", str(settings))
    monkeypatch.delenv("BOTBUS_URL", raising=False)
    with botbus.connect_sync("planner") as bus:
        assert bus.send("coder", 1).seq == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes folders of others")
def test_nobody_is_led_to_a_stranger_who_was_there_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everybody may make folders, somebody else may have made ours."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BOTBUS_URL", "BOTBUS_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "botbus").mkdir()
    os.chown(tmp_path / "botbus", 4711, 4711)
    with (
        pytest.raises(botbus.Denied, match="belongs to user 4711"),
        botbus.connect_sync("planner"),
    ):
        pass


def test_who_forgets_the_with_is_told_how_it_is_written() -> None:
    with pytest.raises(AttributeError, match=r"write `async with botbus.connect\(...\) as bus:`"):
        botbus.connect("coder").send("planner", 1)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"write `with botbus.connect_sync\(...\) as bus:`"):
        botbus.connect_sync("coder").send("planner", 1)  # type: ignore[attr-defined]


async def test_connect_is_not_awaited() -> None:
    with pytest.raises(TypeError, match=r"async with botbus\.connect"):
        await botbus.connect("coder")  # type: ignore[misc]
