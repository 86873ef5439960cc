"""Settings: who beats whom, and what is refused; the page that lists them is what the code has."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.checking import check
from botbus_daemon.claiming import CannotServe
from botbus_daemon.loop_guard import LoopPolicy
from botbus_daemon.retention.settings import RetentionPolicy
from botbus_daemon.runs.settings import WorkflowPolicy
from botbus_daemon.settings import MigrationPolicy, SettingsError, load_settings
from botbus_protocol.limits import Limits

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"


def test_the_page_lists_every_key_with_its_default() -> None:
    block = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    tables = {
        "socket_mode": "0600",
        "log_level": "warning",
        "delivery": DeliveryPolicy(),
        "loop_guard": LoopPolicy(),
        "migrations": MigrationPolicy(),
        "workflows": WorkflowPolicy(),
        "retention": RetentionPolicy(),
        "limits": Limits(),
        "bot_limits": BotLimits(),
    }
    assert tomllib.loads(block.group(1)) == msgspec.to_builtins(tables)


def test_flag_beats_environment_beats_file_beats_default(folder: Path) -> None:
    config = folder / "botbus.toml"
    config.write_text('url = "ipc:///file/s"\ndatabase = "/file/db"\n')
    env = {"BOTBUS_URL": "ipc:///env/s", "XDG_STATE_HOME": str(folder)}
    by_flag = load_settings(url="ipc:///flag/s", config=config, env=env)
    assert (by_flag.url, by_flag.database) == ("ipc:///flag/s", Path("/file/db"))
    assert load_settings(config=config, env=env).url == "ipc:///env/s"
    assert load_settings(config=config, env={}).url == "ipc:///file/s"
    runtime = {"XDG_RUNTIME_DIR": "/run/user/7", "XDG_STATE_HOME": "/state"}
    default = load_settings(env={**runtime, "XDG_CONFIG_HOME": str(folder / "none")})
    assert default.url == "ipc:///run/user/7/botbus/bus.sock"
    assert default.database == Path("/state/botbus/botbus.db")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[delivery]\nmax_deliverys = 3", "unknown field `max_deliverys`"),
        ('[delivery]\nmax_deliveries = "three"', "$.delivery.max_deliveries"),
        ("[limits]\nframe = 1", "limits has no key 'frame'"),
        ("[limits]\nframe_bytes = 1.5", "frame_bytes"),
        ("[limits]\nframe_bytes = -1", "frame_bytes"),
        ("[limits]\nwait_seconds = 0", "wait_seconds"),
        ("[limits]\nwait_seconds = inf", "wait_seconds"),
        ("[delivery]\nmax_deliveries = 0", "$.delivery.max_deliveries"),
        ("[delivery]\nbackoff_seconds = nan", "$.delivery.backoff_seconds"),
        ("[delivery]\nbackoff_limit_seconds = -1", "$.delivery.backoff_limit_seconds"),
        ("[loop_guard]\nmax_hops = 0", "$.loop_guard.max_hops"),
        ("[workflows]\nkeep_days = inf", "$.workflows.keep_days"),
        ("[retention]\nevery_seconds = inf", "$.retention.every_seconds"),
        ("[retention]\nduplicate_seconds = inf", "$.retention.duplicate_seconds"),
        ("[retention]\nconnection_days = 1e300", "$.retention.connection_days"),
        ("[retention.direct]\nmax_age_days = inf", "$.retention.direct.max_age_days"),
        ("[bot_limits]\nmessages_per_second = inf", "$.bot_limits.messages_per_second"),
        ("url = 3", "$.url"),
        ("[bot_limits]\nparked = -1", "$.bot_limits.parked"),
        ('log_level = "loud"', "$.log_level"),
        ('socket_mode = "rw"', "$.socket_mode"),
        ('[[policy]]\nuser = ["alice"]', "unknown field `user` - at `$.policy[0]`"),
        ("url", "is not TOML"),
        ('url = "tcp://0.0.0.0:1"', "ipc:// only"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, sentence: str) -> None:
    config = folder / "botbus.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        load_settings(config=config, env={})


def test_a_file_that_was_named_must_be_there(folder: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(config=folder / "missing.toml", env={})
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(env={"BOTBUS_CONFIG": str(folder / "missing.toml")})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('url = "ipc://relative/bus.sock"', "must be absolute"),
        (f'url = "ipc:///{"x" * 108}"', "shorten it"),
        ('key_file = "/nonexistent/key"', "the key file /nonexistent/key cannot be read"),
    ],
)
def test_what_only_a_look_finds_is_found_before_serving(
    folder: Path, text: str, sentence: str
) -> None:
    config = folder / "botbus.toml"
    config.write_text(text)
    with pytest.raises(CannotServe, match=re.escape(sentence)):
        check(load_settings(config=config, env={}))
