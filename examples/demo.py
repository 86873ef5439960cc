"""The bus at work, in a few seconds: a real daemon, real bots in processes of their own, real crashes.

    python examples/demo.py

It needs nothing but an installed botbus, works in a temporary folder and leaves nothing behind. The
bots are the other files of this folder. Each claim is checked; the exit code is 0 only if all hold.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Self

import botbus

HERE = Path(__file__).parent
PATIENCE = 20.0
"""Seconds until something that must happen is taken not to happen."""
CRASH_BUILDS = 300
"""Builds announced around the crash of the daemon."""

started = time.monotonic()


class ClaimBroken(Exception):  # noqa: N818 - it says what is wrong
    """Something that must hold does not."""


def claim(holds: object, sentence: str) -> None:
    if not holds:
        raise ClaimBroken(sentence)
    tell("demo", f"✓ {sentence}")


def tell(who: str, what: str) -> None:
    print(f"{time.monotonic() - started:7.3f} s  {who:<12} {what}", flush=True)


class Actor:
    """A process of the demo; what it prints is shown, and can be waited for."""

    def __init__(self, name: str, *command: str, url: str, quiet: bool = False) -> None:
        self.name = name
        self.lines: list[str] = []
        self._quiet = quiet
        self._last_heard = 0.0
        self._news = Condition()
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "BOTBUS_URL": url, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._hear(line.rstrip())

    def _hear(self, line: str) -> None:
        with self._news:
            self.lines.append(line)
            self._last_heard = time.monotonic()
            self._news.notify_all()
        if not self._quiet:
            tell(self.name, line)

    def until(self, pattern: str, times: int = 1) -> float:
        """Waits until it has printed so many lines like that; when. Raises ClaimBroken."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.said(pattern)) >= times, PATIENCE):
                raise ClaimBroken(f"{self.name} never said {pattern!r}: {self.lines[-5:]}")
            return self._last_heard

    def said(self, pattern: str) -> list[str]:
        """The lines like that; of each, the group of the pattern if it has one."""
        found = (re.search(pattern, line) for line in self.lines)
        return [match[match.lastindex or 0] for match in found if match]

    def ended(self) -> int:
        """Waits for its end; its exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """SIGKILL: it gets no chance to say goodbye."""
        self._process.kill()
        self.ended()
        tell(self.name, "✗ killed (SIGKILL)")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self.ended()
        except subprocess.TimeoutExpired:
            self._process.kill()


class Stage:
    """Where the demo plays: a folder, a daemon, and everybody who must leave at the end."""

    def __init__(self) -> None:
        self._exit = ExitStack()
        folder = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="botbus-"))
        self._url = f"ipc://{folder}/bus.sock"
        self._database = f"{folder}/bus.db"
        self.announced: list[str] = []
        """The ids of all builds that were acknowledged to the builder, in order."""

    def start_daemon(self) -> None:
        words = ("--url", self._url, "--database", self._database)
        self.daemon = self._enter("daemon", "-m", "botbus_cli", "serve", *words)
        self.daemon.until(" serves ")

    def until_event(self, kind: str) -> None:
        """Waits until something has befallen a run; the daemon tells of it on a channel."""
        with botbus.connect_sync(url=self._url) as bus:
            for event in bus.tail("botbus.runs", after=0):
                if event.type == kind:
                    tell("demo", f"sees {kind}: the run waits, and needs no worker for it")
                    return

    def bot(self, file: str, *words: str, name: str = "", quiet: bool = False) -> Actor:
        name = name or file.removesuffix(".py")
        return self._enter(name, str(HERE / file), *words, quiet=quiet)

    def _enter(self, name: str, *command: str, quiet: bool = False) -> Actor:
        actor = Actor(name, *command, url=self._url, quiet=quiet)
        self._exit.callback(actor.stop)
        return actor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()


ANNOUNCED = r"^announced .*: (\S+)$"
ARCHIVED = r"^archived .*, built: (\S+)$"


def questions_and_answers(stage: Stage) -> None:
    """A bot asks another one, directly, and gets its answers."""
    reviewer = stage.bot("reviewer.py")
    builder = stage.bot("builder.py", "3")
    claim(builder.ended() == 0, "the builder got an answer to each question")
    claim(len(reviewer.said("reviews .*, attempt 1")) == 3, "each question was handed out once")
    stage.announced += builder.said(ANNOUNCED)
    reviewer.stop()


def offline_subscribers(stage: Stage) -> None:
    """A channel reaches bots that do not run: each finds everything when it comes back."""
    names = ("archivist", "auditor")
    for name in names:
        first = stage.bot("archivist.py", name, name=name)
        claim(first.ended() == 0, f"{name} subscribes, reads what there is, and leaves")
    reviewer = stage.bot("reviewer.py", quiet=True)
    builder = stage.bot("builder.py", "3")
    claim(builder.ended() == 0, "the builder announced three builds to bots that are offline")
    stage.announced += builder.said(ANNOUNCED)
    reviewer.stop()
    for name in names:
        back = stage.bot("archivist.py", name, name=name)
        claim(back.ended() == 0, f"{name} came back")
        claim(back.said(ARCHIVED) == stage.announced[-3:], f"{name} got all three, in order")


def a_bot_dies(stage: Stage) -> None:
    """A bot is killed in the middle of its work: another one is handed the same message."""
    slow = stage.bot("reviewer.py", "3600", name="reviewer 1")
    builder = stage.bot("builder.py", "1")
    slow.until("reviews 'change 1', attempt 1")
    quick = stage.bot("reviewer.py", name="reviewer 2")
    quick.until("ready")
    killed = time.monotonic()
    slow.kill()
    again = quick.until("reviews 'change 1', attempt 2")
    claim(again > killed, f"its message went to the other one in {(again - killed) * 1000:.0f} ms")
    claim(builder.ended() == 0, "the builder got its answer all the same")
    stage.announced += builder.said(ANNOUNCED)
    quick.stop()


def the_daemon_dies(stage: Stage) -> None:
    """The daemon is killed under load: what it acknowledged is there, what was under way ends."""
    reviewer = stage.bot("reviewer.py", quiet=True)
    builder = stage.bot("builder.py", f"{CRASH_BUILDS}", quiet=True)
    builder.until(ANNOUNCED, times=CRASH_BUILDS // 3)
    stage.daemon.kill()
    acknowledged = builder.said(ANNOUNCED)
    tell("builder", f"had {len(acknowledged)} of {CRASH_BUILDS} builds acknowledged at that time")
    stage.start_daemon()
    claim(builder.ended() == 0, f"the builder went on and announced all {CRASH_BUILDS}")
    reviewer.stop()
    stage.announced += builder.said(ANNOUNCED)
    archivist = stage.bot("archivist.py", quiet=True)
    claim(archivist.ended() == 0, "the archivist read its mailbox")
    archived = archivist.said(ARCHIVED)
    claim(set(acknowledged) <= set(archived), "it found every build acknowledged before the crash")
    claim(archived == stage.announced[-len(archived) :], "and the others, once each, in order")
    claim(len(archived) == CRASH_BUILDS + 1, f"{len(archived)} in all, one of them from before")


def a_worker_dies(stage: Stage) -> None:
    """A worker is killed in the middle of a workflow: another one goes on after its last step."""
    slow = stage.bot("releaser.py", "--slow", name="releaser 1")
    slow.until("ready")
    customer = stage.bot("releaser.py", "1.2", name="customer")
    slow.until("builds v1.2")
    quick = stage.bot("releaser.py", name="releaser 2")
    quick.until("ready")
    killed = time.monotonic()
    slow.kill()
    again = quick.until("builds v1.2")
    claim(again > killed, f"the build went on elsewhere in {(again - killed) * 1000:.0f} ms")
    claim(quick.said("tags") == [], "what was finished, the tag, was not done again")
    stage.until_event("run.waiting")
    stage.daemon.kill()
    stage.start_daemon()
    maintainer = stage.bot("maintainer.py")
    maintainer.until("says yes to 'Publish v1.2.tar.gz")
    claim(customer.ended() == 0, "the question outlived the daemon, and yes published the release")
    claim(customer.said("'published': 'v1.2.tar.gz'"), "the customer has the result of the run")
    archivist = stage.bot("archivist.py")
    claim(archivist.ended() == 0, "the archivist read its mailbox")
    claim(archivist.said("'v1.2', built"), "the release was announced")
    claim(len(archivist.said(ARCHIVED)) == 1, "once")
    quick.stop()
    maintainer.stop()


ACTS = (questions_and_answers, offline_subscribers, a_bot_dies, the_daemon_dies, a_worker_dies)


def play() -> None:
    """Raises ClaimBroken as soon as something does not hold."""
    with Stage() as stage:
        stage.start_daemon()
        for number, act in enumerate(ACTS, start=1):
            print(f"\n{number}. {act.__doc__}\n")
            act(stage)


def main() -> int:
    try:
        play()
    except (ClaimBroken, subprocess.TimeoutExpired) as broken:
        tell("demo", f"✗ BROKEN: {broken}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\nEverything held, in {time.monotonic() - started:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
