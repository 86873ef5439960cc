"""Settings that bots share."""

from typing import Any, Literal

from msgspec import Struct

ValueType = Literal["string", "integer", "float", "boolean", "json"]
ConfigurationChange = Literal["config.set", "config.unset"]
"""The types of the messages that tell of changes."""


class Configuration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value under a key. The value of a secret is there only if it was asked for by its key."""

    key: str
    value: Any = None
    value_type: ValueType
    description: str | None = None
    is_secret: bool = False
    created_at: str = ""
    updated_at: str = ""

    def __repr__(self) -> str:
        """Without the value of a secret, so that nobody logs it by accident."""
        value = "***" if self.is_secret else repr(self.value)
        return f"Configuration(key={self.key!r}, value={value}, value_type={self.value_type!r})"
