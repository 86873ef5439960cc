"""What any `ConfigurationRepository` has to do: types, conditions, secrets, and what is told."""

from typing import Any

import msgspec
import pytest

from botbus_protocol.configuration_values import CONFIG_CHANNEL
from botbus_protocol.errors import Fault, Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Configuration, ValueType
from botbus_storage.reading.history import Scope
from botbus_storage.reading.records.configurations import ConfigurationScope
from botbus_storage.record_operations.configurations import SetConfiguration, UnsetConfiguration
from botbus_storage.record_operations.connections import OpenRecords
from botbus_storage.record_operations.outcomes import Configured
from botbus_storage.store import Store
from tests.storage.letters import SENDER, letter
from tests.storage.records.answers import refused

BY = {"bot_id": SENDER, "bot": "operator"}


def setting(key: str, value: Any, **fields: Any) -> SetConfiguration:
    text = msgspec.json.encode(value).decode()
    return SetConfiguration(**{"id": new_id(), "key": key, "value": text, **BY, **fields})


def unsetting(key: str, **fields: Any) -> UnsetConfiguration:
    return UnsetConfiguration(**{"id": new_id(), "key": key, **BY, **fields})


async def put(store: Store, key: str, value: Any, **fields: Any) -> Configured:
    return await store.configurations.set_configuration(setting(key, value, **fields))


async def value_of(store: Store, key: str) -> Any:
    there = await store.configurations.get_configuration(key)
    assert there is not None
    return msgspec.msgpack.decode(there.value)


async def told(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """What the channel says, oldest first."""
    found = await store.trail.history(Scope(channel=CONFIG_CHANNEL, after=0))
    return [(message.type, msgspec.msgpack.decode(message.body)) for message in found]


@pytest.fixture
async def store(store: Store) -> Store:
    await store.submit([OpenRecords()])
    return store


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "string"),
        ("", "string"),
        (7, "integer"),
        (0, "integer"),
        (1.5, "float"),
        (False, "boolean"),
        ({"a": [1, None]}, "json"),
        ([], "json"),
    ],
)
async def test_a_value_comes_back_as_its_type(store: Store, value: Any, kind: ValueType) -> None:
    kept = await put(store, "k", value)
    assert kept.changed
    there = await store.configurations.get_configuration("k")
    assert there is not None
    assert there == kept.configuration
    assert there.value_type == kind
    back = msgspec.msgpack.decode(there.value)
    assert (back, type(back)) == (value, type(value))


async def test_values_are_checked_against_their_type(store: Store) -> None:
    await put(store, "ratio", 2, value_type="float")
    assert await value_of(store, "ratio") == 2.0
    assert isinstance(await value_of(store, "ratio"), float)
    await put(store, "ratio", 3)
    assert isinstance(await value_of(store, "ratio"), float)
    wrong: list[tuple[Any, ValueType]] = [
        ("2", "integer"),
        (2.5, "integer"),
        (True, "integer"),
        (1, "boolean"),
        (1, "string"),
        ([], "string"),
        ("1.5", "float"),
    ]
    for value, kind in wrong:
        with pytest.raises(Refused) as caught:
            await put(store, "wrong", value, value_type=kind)
        assert caught.value.fault.code == "invalid"
        assert f"of type {kind}" in caught.value.fault.message
    with pytest.raises(Refused, match="ratio is of type float"):
        await put(store, "ratio", "hunter2")
    assert await store.configurations.get_configuration("wrong") is None
    changed = await put(store, "ratio", "hunter2", value_type="string")
    assert changed.configuration is not None
    assert changed.configuration.value_type == "string"


async def test_what_is_left_out_stays(store: Store) -> None:
    await put(store, "k", "v", description="what it is", is_secret=True)
    await put(store, "k", "w")
    there = await store.configurations.get_configuration("k")
    assert there is not None
    assert (there.description, there.is_secret) == ("what it is", True)
    await put(store, "k", "w", description="", is_secret=False)
    there = await store.configurations.get_configuration("k")
    assert there is not None
    assert (there.description, there.is_secret) == (None, False)


async def test_a_change_can_depend_on_the_value_that_was_read(store: Store) -> None:
    await put(store, "k", {"a": 1, "b": 2})
    with pytest.raises(Refused, match="another value") as caught:
        await put(store, "k", 1, if_value='{"a":1}')
    assert caught.value.fault.code == "conflict"
    await put(store, "k", 1, value_type="integer", if_value='{"b":2,"a":1}')
    assert await value_of(store, "k") == 1
    assert await refused(put(store, "k", 2, if_absent=True)) == "conflict"
    assert await refused(put(store, "none", 2, if_value="1")) == "conflict"
    await put(store, "new", 2, if_absent=True)
    await put(store, "float", 2.0)
    await put(store, "float", 3.0, if_value="2")
    unset = store.configurations.unset_configuration
    assert await refused(unset(unsetting("new", if_value="3"))) == "conflict"
    assert await refused(unset(unsetting("k", if_value="true"))) == "conflict"
    assert (await unset(unsetting("new", if_value="2"))).changed
    assert (await unset(unsetting("new", if_value="2"))).changed is False
    assert await store.configurations.get_configuration("new") is None


async def test_a_repeated_change_is_made_once(store: Store) -> None:
    await put(store, "k", 1)
    change = setting("k", 2, if_value="1")
    assert (await store.configurations.set_configuration(change)).changed
    await put(store, "k", 3)
    again = await store.configurations.set_configuration(change)
    assert again.changed is False
    assert await value_of(store, "k") == 3
    gone = unsetting("k")
    await store.configurations.unset_configuration(gone)
    await put(store, "k", 4)
    assert (await store.configurations.unset_configuration(gone)).changed is False
    assert await value_of(store, "k") == 4
    await store.configurations.unset_configuration(unsetting("k"))
    assert await refused(store.configurations.set_configuration(change)) == "not_found"
    message = letter()
    await store.messages.save_message(message)
    assert await refused(put(store, "k", 5, id=message.id)) == "conflict"


async def test_every_change_is_told_once_and_in_order(store: Store) -> None:
    await put(store, "k", 1)
    await put(store, "k", 1)
    await put(store, "k", 2)
    await store.configurations.unset_configuration(unsetting("k"))
    base = {"key": "k", "value_type": "integer", "is_secret": False, "by": "operator"}
    assert await told(store) == [
        ("config.set", {**base, "value": 1}),
        ("config.set", {**base, "value": 2}),
        ("config.unset", base),
    ]


async def test_a_secret_is_told_by_its_key_and_nowhere_else(store: Store) -> None:
    secret = setting("api.key", "hunter2", is_secret=True)
    kept = await store.configurations.set_configuration(secret)
    assert "hunter2" not in repr((kept, secret))
    assert kept.configuration is not None
    assert kept.configuration.value is None
    await put(store, "api.key", "hunter3")
    assert await value_of(store, "api.key") == "hunter3"
    there = await store.configurations.get_configuration("api.key")
    assert "hunter3" not in repr(there)
    (listed,) = await store.configurations.list_configurations(ConfigurationScope(), "", 10)
    assert (listed.key, listed.value, listed.is_secret) == ("api.key", None, True)
    for change in (
        setting("api.key", 1),
        setting("api.key", "x", if_value='"hunter2"', may_read=True),
        setting("api.key", "x", if_absent=True),
    ):
        (fault,) = await store.submit([change])
        assert isinstance(fault, Fault)
        assert "hunter" not in repr(fault)
    assert "hunter" not in repr(await told(store))


async def test_a_secret_is_compared_only_for_whom_may_read_it(store: Store) -> None:
    unset = store.configurations.unset_configuration
    await put(store, "api.key", "hunter2", is_secret=True)
    for guess in ('"hunter2"', '"hunter3"'):
        assert await refused(put(store, "api.key", "x", if_value=guess)) == "denied"
        assert await refused(unset(unsetting("api.key", if_value=guess))) == "denied"
    assert (await put(store, "api.key", "hunter2")).changed
    assert (await put(store, "api.key", "hunter2", may_read=True)).changed is False
    await put(store, "api.key", "hunter3", if_value='"hunter2"', may_read=True)
    assert (await unset(unsetting("api.key", if_value='"hunter3"', may_read=True))).changed


async def test_lists_by_prefix_type_and_page(store: Store) -> None:
    for key, value in {"a": 1, "app.x": 2, "app.y": "s", "app/z": 3, "b": 4}.items():
        await put(store, key, value)
    await put(store, "app.z", "s", is_secret=True)

    async def keys(after: str = "", limit: int = 100, **scope: Any) -> list[str]:
        found = await store.configurations.list_configurations(
            ConfigurationScope(**scope), after, limit
        )
        return [configuration.key for configuration in found]

    assert await keys() == ["a", "app.x", "app.y", "app.z", "app/z", "b"]
    assert await keys(prefix="app.") == ["app.x", "app.y", "app.z"]
    assert await keys(prefix="app.", after="app.x", limit=1) == ["app.y"]
    assert await keys(prefix="app.", after="b") == []
    assert await keys(prefix="b", after="a") == ["b"]
    assert await keys(value_type="string") == ["app.y", "app.z"]
    assert await keys(is_secret=True) == ["app.z"]
    assert await keys(is_secret=False, limit=2, after="app.x") == ["app.y", "app/z"]


def test_a_configuration_shows_itself_unless_it_is_a_secret() -> None:
    plain = Configuration(key="k", value=1, value_type="integer")
    assert "value=1" in repr(plain)
    assert "1" not in repr(msgspec.structs.replace(plain, is_secret=True))
