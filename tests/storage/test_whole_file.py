"""Files that are there whole or not at all, and that two processes never write at once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from botbus_storage.whole_file import written_whole

HOLDS = """
import sys, pathlib
from botbus_storage.whole_file import written_whole
with written_whole(pathlib.Path(sys.argv[1])) as partial:
    partial.write_text("half")
    print("writes", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_it_is_there_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with written_whole(target, 0o640) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["file"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(target) as partial:
        partial.write_text(str(1 / 0))
    assert target.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_another_process_is_not_disturbed_and_a_killed_one_is_no_hindrance(tmp_path: Path) -> None:
    target = tmp_path / "file"
    command = [sys.executable, "-c", HOLDS, str(target)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writes\n"
        with pytest.raises(BlockingIOError, match="another process"), written_whole(target):
            raise AssertionError("both write")
        assert (tmp_path / "file.partial").read_text() == "half"
        other.send_signal(signal.SIGKILL)
        other.wait()
    with written_whole(target) as partial:
        assert partial.read_text() == ""
        partial.write_text("whole")
    assert target.read_text() == "whole"
    assert names(tmp_path) == ["file"]


def test_a_link_that_somebody_put_there_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "file.partial").symlink_to(victim)
    with pytest.raises(OSError, match="partial"), written_whole(tmp_path / "file"):
        raise AssertionError("it is followed")
    assert victim.read_text() == "precious"
