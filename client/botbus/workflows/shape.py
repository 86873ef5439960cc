"""What a function gives: whether it is awaited, and of which type its result is.

The result of a step is turned into plain JSON values, which are stored, and these into the type of
the function's return annotation. The first run and every replay take the same second step, so they see
the same value.
"""

import inspect
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any, get_type_hints

import msgspec

from botbus.errors import Invalid
from botbus.values import plain

_EXACT = frozenset({str, int, bool, float, type(None)})
"""Types that JSON brings back as they were."""
_FREE = (Any, object)
"""Annotations that say nothing."""
_json = msgspec.json.Encoder().encode


class Shape:
    """Whether a function is awaited, and the type that its plain result becomes; Any for none."""

    __slots__ = ("_read", "is_async", "type")

    def __init__(self, is_async: bool, type_: Any = Any) -> None:
        self.is_async = is_async
        self.type = type_
        # By way of JSON: a decoder keeps what it knows of a type, `convert` learns it each time.
        self._read = None if type_ is Any else msgspec.json.Decoder(type_).decode

    def taken(self, value: Any, what: str) -> tuple[Any, Any]:
        """The plain value to store, and what the author gets for it.

        Raises Invalid if JSON cannot hold it, or the type forbids it.
        """
        found = plain(value, what)
        return found, self.restored(found, what)

    def restored(self, value: Any, what: str) -> Any:
        """What the author gets for a plain value. Raises Invalid if the type forbids it."""
        if self._read is None or (type(value) is self.type and self.type in _EXACT):
            return value
        try:
            return self._read(_json(value))
        except msgspec.ValidationError:
            return self._converted(value, what)

    def _converted(self, value: Any, what: str) -> Any:
        """Not by way of JSON, where NaN is a null: the daemon says what is wrong with that."""
        try:
            return msgspec.convert(value, self.type, str_keys=True)
        except msgspec.ValidationError as error:
            raise Invalid(
                f"{what} is not what its annotation says: {error}; correct one of the two"
            ) from None


UNTYPED = Shape(False)
"""Of what is taken as it is stored."""


def shape_of(function: Callable[..., Any]) -> Shape:
    """The shape of a function; remembered by its code, for it is asked before each step."""
    code = getattr(function, "__code__", None)
    if code is None:
        return _shape(function)
    key = code, function.__annotations__.get("return", Any)
    try:
        return _remembered[key]
    except KeyError:
        pass
    except TypeError:  # an annotation that cannot be a key
        return _shape(function)
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    shape = _remembered[key] = _shape(function)
    return shape


_remembered: dict[tuple[CodeType, Any], Shape] = {}
MOST_REMEMBERED = 1024


def _shape(function: Callable[..., Any]) -> Shape:
    core = function
    while isinstance(core, partial):
        core = core.func
    if not (inspect.isroutine(core) or inspect.isclass(core)):
        core = type(core).__call__
    return Shape(inspect.iscoroutinefunction(core), _type_of(core))


def _type_of(function: Callable[..., Any]) -> Any:
    """The type of its return annotation; Any if there is none, or none that JSON values can become."""
    if inspect.isclass(function):
        return _usable(function)
    try:
        found = get_type_hints(function).get("return", Any)
    except Exception:  # noqa: BLE001 - names that are not there at run time
        return Any
    return _usable(found)


def _usable(annotation: Any) -> Any:
    if annotation in _FREE or annotation is type(None):
        return Any
    try:
        kind = msgspec.inspect.type_info(annotation)
    except Exception:  # noqa: BLE001 - whatever a foreign type makes of it
        return Any
    return (
        Any
        if isinstance(kind, msgspec.inspect.CustomType | msgspec.inspect.AnyType)
        else annotation
    )
