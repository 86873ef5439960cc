"""Where the daemon listens and where its database lies, if nobody says otherwise.

One rule for daemon, client and command, or they would not find each other. Pure: the caller passes
the environment, the user id, a way to ask whether a socket exists, and what settings files say.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

SYSTEM_SOCKET = Path("/run/botbus/bus.sock")
SYSTEM_CONFIG = Path("/etc/botbus/botbus.toml")


def user_socket(env: Mapping[str, str], uid: int) -> Path:
    """The socket of a daemon that a user runs."""
    if runtime := env.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "botbus" / "bus.sock"
    return Path(f"/tmp/botbus-{uid}/bus.sock")  # noqa: S108 - the folder is made 0700 and checked


def is_service(env: Mapping[str, str]) -> bool:
    """Whether systemd runs this process as a system service with a state folder of its own."""
    return "STATE_DIRECTORY" in env and env.get("STATE_DIRECTORY", "").startswith("/var/")


def serving_url(env: Mapping[str, str], uid: int) -> str:
    """The URL that a daemon listens at by default."""
    return f"ipc://{SYSTEM_SOCKET if is_service(env) else user_socket(env, uid)}"


def client_url(
    env: Mapping[str, str],
    uid: int,
    exists: Callable[[Path], bool],
    users: str | None = None,
    systems: str | None = None,
) -> str:
    """The URL that a client connects to by default: the user's own daemon before the system's.

    `users` and `systems` are the URLs that the settings of the two name.
    """
    if url := env.get("BOTBUS_URL") or users:
        return url
    own = user_socket(env, uid)
    if exists(own) or not (systems or exists(SYSTEM_SOCKET)):
        return f"ipc://{own}"
    return systems or f"ipc://{SYSTEM_SOCKET}"


def url_in(settings: Path) -> str | None:
    """The URL that a settings file names; None if it names none, or cannot be read."""
    with suppress(OSError, ValueError):
        text = settings.read_text()
        import tomllib

        url = tomllib.loads(text).get("url")
        return url if isinstance(url, str) else None
    return None


def database(env: Mapping[str, str], home: Path) -> Path:
    """The database file that a daemon serves by default."""
    if state := env.get("STATE_DIRECTORY"):
        return Path(state.split(":", maxsplit=1)[0]) / "botbus.db"
    if state := env.get("XDG_STATE_HOME"):
        return Path(state) / "botbus" / "botbus.db"
    return home / ".local" / "state" / "botbus" / "botbus.db"


def config_file(env: Mapping[str, str], home: Path) -> Path:
    """The settings file that is read by default, if it exists."""
    if path := env.get("BOTBUS_CONFIG"):
        return Path(path)
    if is_service(env):
        return SYSTEM_CONFIG
    base = Path(env["XDG_CONFIG_HOME"]) if env.get("XDG_CONFIG_HOME") else home / ".config"
    return base / "botbus" / "botbus.toml"
