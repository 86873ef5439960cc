"""What of the settings changes while the daemon serves, and what only with its next start.

Pure: from the settings in force and those that were read anew it makes the ones that are in force from
now on. A key is either in `RELOADS` or in `NEEDS_RESTART`; docs/settings.md says the same, and a test
holds all three together.
"""

from typing import Any

import msgspec
from msgspec import Struct

from botbus_daemon.settings import Settings

RELOADS = frozenset(
    {
        "bot_limits",
        "delivery",
        "limits",
        "log_level",
        "loop_guard",
        "policy",
        "retention",
        "workflows",
    }
)
NEEDS_RESTART = frozenset(
    {
        "url",
        "database",
        "key_file",
        "socket_mode",
        "http",
        "traces",
        "limits.frame_bytes",
        "migrations",
    }
)
"""Tables, and single keys of tables that reload otherwise."""


class Change(Struct, frozen=True):
    settings: Settings
    """In force from now on."""
    changed: list[str]
    """Keys that are in force with their new value."""
    waiting: list[str]
    """Keys whose new value needs a restart."""


def change(old: Settings, read: Settings) -> Change:
    """What becomes of the settings in force when others were read."""
    changed: list[str] = []
    waiting: list[str] = []
    merged = _merge(old, read, "", changed, waiting)
    return Change(merged, changed, waiting)


def _merge(old: Any, read: Any, prefix: str, changed: list[str], waiting: list[str]) -> Any:
    """A table with the values of the other for what reloads."""
    values: dict[str, Any] = {}
    for name in old.__struct_fields__:
        key = prefix + name
        before, after = getattr(old, name), getattr(read, name)
        if isinstance(before, Struct):
            values[name] = _merge(before, after, f"{key}.", changed, waiting)
        elif before != after:
            stays = needs_restart(key)
            values[name] = before if stays else after
            (waiting if stays else changed).append(key)
    return msgspec.structs.replace(old, **values)


def needs_restart(key: str) -> bool:
    """Whether a key, as `table.key`, needs a restart."""
    return key in NEEDS_RESTART or key.partition(".")[0] in NEEDS_RESTART
