"""A function as a workflow: its name, its version, and what is saved of it.

    @botbus.workflow("release", version="1.0.0")
    async def release(run: botbus.Run) -> dict: ...

A run goes on with the version that it began with. Give a new version to a function that would not come
to the same steps any more, and keep a worker with the old one until its runs have ended.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botbus.errors import Invalid
from botbus.workflows.shape import Shape, shape_of
from botbus_protocol.grammar import check_name
from botbus_protocol.records import OwnerType

if TYPE_CHECKING:
    from botbus.workflows.run import Run

T = TypeVar("T")
Body = Callable[["Run"], Coroutine[Any, Any, T]]


class Workflow(Generic[T]):
    """What `@botbus.workflow` makes of a function; calling it calls the function."""

    def __init__(
        self,
        name: str,
        version: str,
        owner: OwnerType,
        timeout: float | None,
        concurrency: int | None,
        function: Body[T],
    ) -> None:
        self.name = name
        self.version = version
        self.owner = owner
        self.timeout = timeout
        self.concurrency = concurrency
        self.function = function
        self.shape: Shape = shape_of(function)
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    def __call__(self, run: "Run") -> Coroutine[Any, Any, T]:
        return self.function(run)

    def __repr__(self) -> str:
        return f"<workflow {self.name!r}, version {self.version}>"

    def saved_over(self, saved: dict[str, Any] | None) -> dict[str, Any]:
        """The definition to save: what this function says, and whatever else is saved already."""
        said = {
            "name": self.name,
            "version": self.version,
            "timeout_secs": self.timeout,
            "concurrency": self.concurrency,
        }
        told = {key: value for key, value in said.items() if value is not None}
        return {**(saved or {}), **told}


def workflow(
    name: str,
    version: str = "1.0.0",
    *,
    owner: OwnerType = "global",
    timeout: float | None = None,
    concurrency: int | None = None,
) -> Callable[[Body[T]], Workflow[T]]:
    """Makes a workflow of an async function that takes a `Run`.

    It belongs to all bots, or with `owner="bot"` to the bot whose worker runs it. `timeout` is how many
    seconds a run may take in all, `concurrency` how many may be running at a time, over all workers.
    What is left out stays as it was saved before, for example by `botbus workflow save`.
    """
    if not isinstance(name, str):
        raise Invalid('a workflow needs a name: write @botbus.workflow("name")')
    try:
        check_name(name, "workflow")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if owner not in {"global", "bot"}:
        raise Invalid(f'workflow {name!r}: owner is "global" or "bot", not {owner!r}')

    def decorate(function: Body[T]) -> Workflow[T]:
        _check_function(name, function)
        return Workflow(name, version, owner, timeout, concurrency, function)

    return decorate


def _check_function(name: str, function: Any) -> None:
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise Invalid(
            f"workflow {name!r} is a generator: return its result at the end, and use run.publish for "
            "what is to be known before"
        )
    if not inspect.iscoroutinefunction(function):
        raise Invalid(f"workflow {name!r} is no async function: write async def")
    if not inspect.signature(function).parameters:
        raise Invalid(f"workflow {name!r} takes nothing: give it one parameter, the run")


def checked_workflows(workflows: tuple[Any, ...]) -> dict[str, Workflow[Any]]:
    """By name, what a worker is to work on. Raises Invalid for what is no workflow."""
    if not workflows:
        raise Invalid("there is nothing to work on: give work() at least one workflow")
    found: dict[str, Workflow[Any]] = {}
    for one in workflows:
        if not isinstance(one, Workflow):
            shown = getattr(one, "__name__", None) or repr(one)
            raise Invalid(
                f'{shown} is no workflow: put @botbus.workflow("name") before the function'
            )
        if (other := found.get(one.name)) is not None and other is not one:
            raise Invalid(
                f"workflow {one.name!r} is given twice, as version {other.version} and "
                f"{one.version}: let one worker have one of them, and another worker the other"
            )
        found[one.name] = one
    return found
