"""The types of configurations: which values each takes, and how changes are told.

A value is checked against its type when it is written, so that whoever reads it gets that type. What is
said about a value that does not fit names its kind and never the value: it may be a secret.
"""

from typing import Any

from botbus_protocol.records.configurations import ValueType

CONFIG_CHANNEL = "botbus.config"
"""The channel that tells of changes. Any bot may subscribe to it; only the daemon publishes there."""

_NAMES: dict[type, ValueType] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
}

_SHOWN: dict[ValueType, str] = {"integer": "an integer", "json": "a list or map"}


def natural_type(value: Any) -> ValueType:
    """The type that a value of JSON has by itself."""
    return _NAMES.get(type(value), "json")


def fitted(key: str, value: Any, kind: ValueType) -> Any:
    """The value as one of the type: an integer may be a float. Raises ValueError with a sentence."""
    natural = natural_type(value)
    if kind in (natural, "json"):
        return value
    if (natural, kind) == ("integer", "float"):
        return float(value)
    shown = _SHOWN.get(natural, f"a {natural}")
    raise ValueError(
        f"{key} is of type {kind}, and the value given is {shown}: give a value of that type, "
        "or another value_type with it"
    )
