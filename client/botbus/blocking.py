"""Blocking twins of asynchronous methods, made and not written: how one thread calls into another.

A `Blocking` thing has an asynchronous original and a `Portal` to the thread in which that lives. Each
of its methods is a `Twin` of the original's: signature, types and words are the same. What hangs on
a name there (`bus.runs`) hangs on the same name here, as a `Group`.
"""

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from anyio.from_thread import BlockingPortal

from botbus.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
B = TypeVar("B", bound="Blocking")

Original = Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]


class Portal:
    """The way into the thread of the event loop."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal
        self.closed = False

    def run(self, function: Callable[[], Any]) -> Any:
        """Runs a function, or a coroutine function, over there, and waits for it."""
        if self.closed:
            raise Unavailable("this connection to the daemon was closed: connect again")
        future = self._portal.start_task_soon(function)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


class Blocking:
    """Something with an asynchronous original, and the portal to where that lives."""

    original: Any
    portal: Portal

    def __init__(self, original: Any, portal: Portal) -> None:
        self.original = original
        self.portal = portal


class Twin(Generic[P, T]):
    """A blocking method. `wrap` makes its result one whose methods block too."""

    def __init__(
        self, method: Callable[Concatenate[Any, P], Any], wrap: Callable[[Any, Portal], T]
    ) -> None:
        self.method = method
        self._wrap = wrap
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, blocking: None, owner: type) -> Self: ...
    @overload
    def __get__(self, blocking: Blocking, owner: type) -> Callable[P, T]: ...
    def __get__(self, blocking: Blocking | None, owner: type) -> "Callable[P, T] | Self":
        if blocking is None:
            return self
        portal = blocking.portal
        method = partial(self.method, blocking.original)

        @wraps(self.method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return self._wrap(portal.run(partial(method, *args, **kwargs)), portal)

        return call


def same(value: Any, _portal: Portal) -> Any:
    return value


def twin(method: Original[P, T]) -> Twin[P, T]:
    """The blocking twin of a method whose result is a plain value."""
    return Twin(method, same)


class Group(Generic[B]):
    """A group of methods that hangs on a name of the original, as one whose methods block."""

    def __init__(self, kind: type[B]) -> None:
        self.kind = kind
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, blocking: None, owner: type) -> Self: ...
    @overload
    def __get__(self, blocking: Blocking, owner: type) -> B: ...
    def __get__(self, blocking: Blocking | None, owner: type) -> "B | Self":
        if blocking is None:
            return self
        return self.kind(getattr(blocking.original, self._name), blocking.portal)
