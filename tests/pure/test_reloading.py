"""Which settings reload: the code, the settings there are, and the page say the same."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from botbus_daemon.reloading import NEEDS_RESTART, RELOADS, change, needs_restart
from botbus_daemon.settings import Settings, load_settings
from botbus_protocol.limits import Limits

PAGE = Path(__file__).parent.parent.parent / "docs" / "settings.md"
CHECKED = {"http", "traces"}
"""Tables that would refuse the values this test makes up."""
ROW = re.compile(r"^\| `([a-z_.]+)` \| (at once|needs a restart)", re.MULTILINE)


def keys_of(settings: Struct, prefix: str = "") -> list[str]:
    """All keys, with their tables before them."""
    keys: list[str] = []
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        inner = keys_of(value, f"{prefix}{name}.") if isinstance(value, Struct) else []
        keys += inner or [prefix + name]
    return keys


def default() -> Settings:
    return load_settings(url="ipc:///s", database=Path("/d"), env={"XDG_CONFIG_HOME": "/none"})


def test_each_key_is_said_to_reload_or_to_need_a_restart() -> None:
    tables = {key.partition(".")[0] for key in keys_of(default())}
    assert tables == {key for key in RELOADS | NEEDS_RESTART if "." not in key}
    assert not RELOADS & NEEDS_RESTART
    assert set(keys_of(default())) | tables >= NEEDS_RESTART | RELOADS


def test_the_page_says_of_each_key_what_the_code_does() -> None:
    said = dict(ROW.findall(PAGE.read_text()))
    assert set(said) <= set(keys_of(default())) | {k.partition(".")[0] for k in keys_of(default())}
    for key in keys_of(default()):
        word = said.get(key) or said.get(key.partition(".")[0])
        assert word == ("needs a restart" if needs_restart(key) else "at once"), key


def other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case Path():
            return value / "x"
        case list():
            return [*value, "x"]
        case Struct():
            return replace(value, **{n: other(getattr(value, n)) for n in value.__struct_fields__})
        case _:
            return "x"


def test_everything_that_changed_is_taken_over_or_named() -> None:
    old = default()
    tables = [name for name in old.__struct_fields__ if name not in CHECKED]
    read = replace(old, **{name: other(getattr(old, name)) for name in tables})
    found = change(old, read)
    assert sorted(found.changed + found.waiting) == sorted(
        key for key in keys_of(old) if key.partition(".")[0] not in CHECKED
    )
    assert all(needs_restart(key) for key in found.waiting)
    assert not any(needs_restart(key) for key in found.changed)
    again = change(found.settings, read)
    assert (again.changed, again.waiting) == ([], found.waiting)
    assert change(old, old).settings == old


def test_a_table_reloads_but_for_a_key() -> None:
    old = default()
    read = replace(old, limits=Limits(frame_bytes=5, body_bytes=5))
    found = change(old, read)
    assert found.settings.limits == msgspec.structs.replace(old.limits, body_bytes=5)
