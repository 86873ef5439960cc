"""How the repositories of SQLite reach the database: questions to a reader, operations to the writer.

Every SQLite repository is built on these two and holds nothing else.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from botbus_protocol.errors import Code, Fault, Refused
from botbus_storage.engine import Result
from botbus_storage.operations import Operation

T = TypeVar("T")


class Query(Protocol):
    """Asks a reader."""

    def __call__(self, question: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


Submit = Callable[[Sequence[Operation]], "asyncio.Future[list[Result]]"]


class Reading:
    def __init__(self, query: Query) -> None:
        self._query = query

    async def _ask(self, function: Callable[..., T], **arguments: Any) -> T:
        return await self._query(partial(function, **arguments))


class Writing(Reading):
    def __init__(self, submit: Submit, query: Query) -> None:
        super().__init__(query)
        self._submit = submit

    async def _do(self, operation: Operation, outcome: type[T]) -> T:
        """The outcome of an operation, once it is on disk. Raises Refused."""
        (result,) = await self._submit([operation])
        if isinstance(result, Fault):
            raise Refused(Code(result.code), result.message, **(result.details or {}))
        assert isinstance(result, outcome)
        return result
