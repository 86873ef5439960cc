"""SIGHUP has the settings read anew: what can change changes at once, the rest is named in the log."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from botbus_daemon.runs.pruning import AFTER_ENDS
from tests.daemon.another_user import BECOME_NOBODY, NOBODY, needs_root
from tests.daemon.conftest import Bots
from tests.daemon.contents import bodies, channel_of, publish
from tests.daemon.plain import Json, Plain
from tests.daemon.reloads import Reloading, reloading
from tests.daemon.workflows.worker import begun, finish, left, save
from tests.waiting import eventually


@pytest.fixture
def daemon() -> Iterator[Reloading]:
    with reloading("[limits]\nbody_bytes = 1000\n") as daemon:
        yield daemon


@pytest.fixture
def own(daemon: Reloading) -> Iterator[Bots]:
    bots = Bots(daemon)
    yield bots
    bots.close()


def code(bot: Plain, request: Json) -> str | None:
    (reply,) = bot.ask(request)
    found: str | None = reply.get("error", {}).get("code")
    return found


def test_limits_change_at_once_for_those_who_are_connected(daemon: Reloading, own: Bots) -> None:
    one, other = own("one"), own("other")
    to = str(other.bot)
    assert code(one, one.letter(to, "x" * 2000)) == "too_large"
    log = daemon.reload(
        'log_level = "info"\n[limits]\nbody_bytes = 3000\n[bot_limits]\nsender_messages = 1\n'
        "[delivery]\nmax_in_flight = 1\n"
    )
    assert "changed: delivery.max_in_flight, limits.body_bytes, bot_limits.sender_messages" in log
    assert "needs a restart" not in log
    assert code(one, one.letter(to, "x" * 2000)) is None
    assert code(one, one.letter(to)) == "limit"
    assert one.ok("hello")["limits"]["body_bytes"] == 3000


def test_a_mailbox_that_is_in_memory_follows_too(daemon: Reloading, own: Bots) -> None:
    one, other = own("one"), own("other")
    other.fetch(wait=0.0)
    for number in range(4):
        one.send(str(other.bot), number)
    daemon.reload("[delivery]\nmax_in_flight = 2\n")
    assert len(other.fetch()) == 2
    assert other.fetch(wait=0.0) == []


def test_settings_that_are_wrong_change_nothing(daemon: Reloading, own: Bots) -> None:
    bot = own("bot")
    for wrong, sentence in (
        ("[limits]\nbody_bytes = 5000\n[bot_limits]\nparkd = 3", "unknown field `parkd`"),
        ("[limits]\nbody_bytes = 'much'", "body_bytes"),
        ("[limits", "is not TOML"),
    ):
        log = daemon.reload(wrong)
        assert "error" in log
        assert str(daemon.config) in log
        assert sentence in log
        assert bot.ok("hello")["limits"]["body_bytes"] == 1000
    daemon.reload("[limits]\nbody_bytes = 5000\n")
    assert bot.ok("hello")["limits"]["body_bytes"] == 5000


def test_what_needs_a_restart_is_named_until_it_comes(daemon: Reloading, own: Bots) -> None:
    bot = own("bot")
    new = 'socket_mode = "0660"\n[limits]\nframe_bytes = 2000000\nbody_bytes = 2000\n'
    for _ in range(2):
        log = daemon.reload(new)
        assert "needs a restart: limits.frame_bytes, socket_mode\n" in log
        limits = bot.ok("hello")["limits"]
        assert (limits["frame_bytes"], limits["body_bytes"]) == (1048576, 2000)
    daemon.kill()
    daemon.start()
    assert own("bot").ok("hello")["limits"]["frame_bytes"] == 2_000_000
    assert "needs a restart" not in daemon.reload(new)


def kept(count: int) -> str:
    return f"""[retention]
every_seconds = 0.05
duplicate_seconds = 0.0
channels = [{{ match = "*", max_messages = {count} }}]
"""


def test_what_is_kept_changes_at_once_and_nobody_has_to_write(daemon: Reloading, own: Bots) -> None:
    bot = own("bot")
    one = channel_of(bot, "one")
    publish(bot, one, *range(10))
    assert bodies(bot, one) == [*range(10)]
    log = daemon.reload('log_level = "info"\n' + kept(3))
    assert "retention.channels" in log
    assert "needs a restart" not in log
    eventually(lambda: bodies(bot, one) == [7, 8, 9])
    daemon.reload(kept(5))
    publish(bot, one, 10, 11, 12, 13)
    eventually(lambda: bodies(bot, one) == [9, 10, 11, 12, 13])
    daemon.reload(kept(2))
    eventually(lambda: bodies(bot, one) == [12, 13])


def test_fewer_runs_are_kept_at_once(daemon: Reloading, own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    for _ in range(3):
        finish(worker, begun(worker, workflow))
    daemon.reload("[workflows]\nkeep_runs = 1\n")
    assert len(left(worker, 1, AFTER_ENDS / 2)) == 1


def test_the_level_of_the_log_changes(daemon: Reloading) -> None:
    assert daemon.reload('log_level = "info"\n').count("settings read") == 1
    assert daemon.reload('log_level = "error"\nsocket_mode = "0660"') == ""


GUEST = """
with botbus.connect_sync("guest", url=sys.argv[1], timeout=5) as bus:
    def attempt(deed):
        try:
            deed()
            return "done"
        except botbus.BusError as error:
            return error.code
    for line in sys.stdin:
        if line == "wait\\n":
            print("waits", flush=True)
            print(json.dumps(attempt(lambda: bus.fetch(1, 20.0))), flush=True)
        else:
            print(json.dumps(attempt(lambda: bus.send("desk", 1))), flush=True)
"""
LET_IN = f'socket_mode = "0666"\n[[policy]]\nusers = [{NOBODY}]\nbots = ["guest"]\nsend = []\n'


class Guest:
    """Another user, who stays connected."""

    def __init__(self, daemon: Reloading) -> None:
        command = [sys.executable, "-c", BECOME_NOBODY + GUEST, daemon.url]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip().strip('"')

    def go(self) -> None:
        self.process.communicate(timeout=10)


@pytest.fixture
def guest() -> Iterator[tuple[Reloading, Guest]]:
    with reloading(LET_IN) as daemon:
        guest = Guest(daemon)
        yield daemon, guest
        guest.go()


@needs_root
def test_a_policy_changes_for_those_who_are_connected(guest: tuple[Reloading, Guest]) -> None:
    daemon, bot = guest
    bot.tell("send")
    assert bot.hear() == "denied"
    daemon.reload(LET_IN.replace("send = []", 'send = ["desk"]'))
    bot.tell("send")
    assert bot.hear() == "done"
    daemon.reload(LET_IN)
    bot.tell("send")
    assert bot.hear() == "denied"


@needs_root
def test_who_waits_gets_nothing_once_the_policy_is_another(guest: tuple[Reloading, Guest]) -> None:
    daemon, bot = guest
    with Plain(daemon, "desk") as desk:
        bot.tell("wait")
        assert bot.hear() == "waits"
        while not any(b["name"] == "guest" for b in desk.ok("list_bots", connected=True)["bots"]):
            pass
        daemon.reload('socket_mode = "0666"\n')
        desk.send("guest", "a secret")
    assert bot.hear() == "denied"
