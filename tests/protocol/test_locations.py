"""Where the daemon is and where a client looks for it: one rule, three parties."""

from pathlib import Path

import pytest

from botbus_protocol import locations

HOME = Path("/home/ann")
RUNTIME = {"XDG_RUNTIME_DIR": "/run/user/7"}
SERVICE = {"STATE_DIRECTORY": "/var/lib/botbus", **RUNTIME}
USERS_SERVICE = {"STATE_DIRECTORY": "/home/ann/.local/state/botbus", **RUNTIME}
USERS = Path("/run/user/7/botbus/bus.sock")
SYSTEMS = Path("/run/botbus/bus.sock")


@pytest.mark.parametrize(
    ("env", "url"),
    [
        (RUNTIME, "ipc:///run/user/7/botbus/bus.sock"),
        ({}, "ipc:///tmp/botbus-7/bus.sock"),
        ({"XDG_RUNTIME_DIR": ""}, "ipc:///tmp/botbus-7/bus.sock"),
        (SERVICE, "ipc:///run/botbus/bus.sock"),
        (USERS_SERVICE, "ipc:///run/user/7/botbus/bus.sock"),
    ],
)
def test_where_a_daemon_listens(env: dict[str, str], url: str) -> None:
    assert locations.serving_url(env, 7) == url


@pytest.mark.parametrize(
    ("existing", "found"),
    [
        (set(), USERS),
        ({USERS}, USERS),
        ({SYSTEMS}, SYSTEMS),
        ({USERS, SYSTEMS}, USERS),
    ],
)
def test_a_client_finds_the_users_daemon_before_the_systems(
    existing: set[Path], found: Path
) -> None:
    assert locations.client_url(RUNTIME, 7, existing.__contains__) == f"ipc://{found}"


def test_a_client_goes_where_it_is_told() -> None:
    env = {**RUNTIME, "BOTBUS_URL": "ipc:///elsewhere"}
    assert locations.client_url(env, 7, lambda _: True) == "ipc:///elsewhere"


@pytest.mark.parametrize(
    ("existing", "url"),
    [(set(), "ipc:///hers"), ({USERS}, "ipc:///hers"), ({SYSTEMS}, "ipc:///hers")],
)
def test_a_client_goes_where_the_users_settings_say(existing: set[Path], url: str) -> None:
    found = locations.client_url(RUNTIME, 7, existing.__contains__, "ipc:///hers", "ipc:///its")
    assert found == url
    assert locations.client_url({"BOTBUS_URL": "ipc:///me"}, 7, bool, url) == "ipc:///me"


@pytest.mark.parametrize(
    ("existing", "url"),
    [(set(), "ipc:///its"), ({USERS}, f"ipc://{USERS}"), ({SYSTEMS}, "ipc:///its")],
)
def test_the_systems_settings_count_where_the_user_has_no_daemon(
    existing: set[Path], url: str
) -> None:
    found = locations.client_url(RUNTIME, 7, existing.__contains__, None, "ipc:///its")
    assert found == url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ('url = "ipc:///there"\nsocket_mode = "0666"', "ipc:///there"),
        ("", None),
        ("url = 7", None),
        ("url = ", None),
        (None, None),
    ],
)
def test_the_url_that_settings_name(tmp_path: Path, text: str | None, url: str | None) -> None:
    settings = tmp_path / "botbus.toml"
    if text is not None:
        settings.write_text(text)
    assert locations.url_in(settings) == url


def test_a_client_looks_where_a_users_daemon_listens() -> None:
    for env in (RUNTIME, {}):
        found = locations.client_url(env, 7, lambda _: False)
        assert found == locations.serving_url(env, 7)


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({}, "/home/ann/.local/state/botbus/botbus.db"),
        ({"XDG_STATE_HOME": "/state"}, "/state/botbus/botbus.db"),
        (SERVICE, "/var/lib/botbus/botbus.db"),
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a/botbus.db"),
    ],
)
def test_where_the_database_lies(env: dict[str, str], path: str) -> None:
    assert locations.database(env, HOME) == Path(path)


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({}, "/home/ann/.config/botbus/botbus.toml"),
        ({"XDG_CONFIG_HOME": "/config"}, "/config/botbus/botbus.toml"),
        (SERVICE, "/etc/botbus/botbus.toml"),
        (USERS_SERVICE, "/home/ann/.config/botbus/botbus.toml"),
        ({**SERVICE, "BOTBUS_CONFIG": "/my.toml"}, "/my.toml"),
    ],
)
def test_where_the_settings_lie(env: dict[str, str], path: str) -> None:
    assert locations.config_file(env, HOME) == Path(path)
