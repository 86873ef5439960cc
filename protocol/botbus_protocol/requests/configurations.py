"""The requests about the settings that bots share."""

import re
from typing import ClassVar

from msgspec import Raw

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id
from botbus_protocol.records.configurations import ValueType
from botbus_protocol.requests.record_fields import LongText
from botbus_protocol.requests.request import Request, check_count

_KEY = re.compile(r"[A-Za-z0-9._:/-]{1,256}")
_PREFIX = re.compile(r"[A-Za-z0-9._:/-]{0,256}")


class SetConfiguration(Request, frozen=True, tag="set_configuration"):
    """Sets a value, whatever is there, or only if what is there is what was read."""

    mutates: ClassVar[bool] = True

    id: str
    """Of this change, made by the sender: the id of the message that tells of it."""
    key: str
    value: Raw
    value_type: ValueType | None = None
    """By default the type that the key has, or for a new key the one that fits the value."""
    description: LongText | None = None
    """By default the one that the key has; empty text takes it away."""
    is_secret: bool | None = None
    """By default as the key is; a new one is none."""
    if_value: Raw = NULL
    """Only if this is its value."""
    if_absent: bool = False
    """Only if the key is not there."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_key(self.key)
        if self.value == NULL:
            raise ValueError("value is nil, which is no value: unset the key instead")
        if self.if_absent and self.if_value != NULL:
            raise ValueError("if_absent and if_value cannot both hold: give one of them")


class GetConfiguration(Request, frozen=True, tag="get_configuration"):
    """The value under a key; that of a secret too, for whom the policy lets."""

    key: str

    def __post_init__(self) -> None:
        check_key(self.key)


class ListConfigurations(Request, frozen=True, tag="list_configurations"):
    """Configurations by key; without the values of secrets."""

    prefix: str = ""
    value_type: ValueType | None = None
    is_secret: bool | None = None
    after: str = ""
    """Only keys that sort after this one: the last key of the page before."""
    limit: int = 100

    def __post_init__(self) -> None:
        if _PREFIX.fullmatch(self.prefix) is None:
            raise ValueError("prefix is no beginning of a key: use a-z A-Z 0-9 . _ : / -")
        check_count(self.limit, "limit")


class UnsetConfiguration(Request, frozen=True, tag="unset_configuration"):
    """Takes a key away, whatever its value is, or only if it is what was read."""

    mutates: ClassVar[bool] = True

    id: str
    """Of this change, made by the sender: the id of the message that tells of it."""
    key: str
    if_value: Raw = NULL

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_key(self.key)


ConfigurationRequest = SetConfiguration | GetConfiguration | ListConfigurations | UnsetConfiguration


def check_key(key: str) -> str:
    """A valid key. Raises ValueError."""
    if _KEY.fullmatch(key) is None:
        shown = repr(key) if len(key) <= 80 else f"{key[:40]!r}… ({len(key)} characters)"
        raise ValueError(f"key {shown} is no key: use 1-256 of a-z A-Z 0-9 . _ : / - (no spaces)")
    return key
