"""What a handler decides.

A handler looks, decides and returns: a reply, if nothing has to be written; else a `Write`, which says
what to commit, what to answer once it is on disk, and what to undo if it could not be written. One that
has to look things up is a coroutine; one that decides from memory need not be, and costs less.
"""

from collections.abc import Callable, Coroutine
from typing import Any, final

from msgspec import Struct

from botbus_daemon.broker import Broker
from botbus_daemon.presence import Connection, Session
from botbus_protocol.errors import Code, Refused
from botbus_protocol.replies import Reply
from botbus_storage.operations import Operation


@final
class Write(Struct, frozen=True, gc=False):
    operation: Operation
    then: Callable[[Any], Reply]
    """The reply, from the outcome of the operation; called after the commit, in commit order."""
    undo: Callable[[], None] | None = None


Plan = Reply | Write


class Caller(Struct, frozen=True):
    """Who sent a frame."""

    connection: Connection
    session: Session | None
    """None for one who only watches: the frame named no bot."""
    atomic: bool = False
    """Whether the frame is: all of its requests or none."""

    @property
    def name(self) -> str | None:
        return None if self.session is None else self.session.bot

    def bot(self) -> Session:
        """The session of the bot that speaks. Raises Refused if the frame named none."""
        if self.session is None:
            raise Refused(Code.INVALID, "this request acts as a bot: name one in the frame's bot")
        return self.session


Planning = Coroutine[Any, Any, Plan]
"""A plan that has to be waited for."""
Handler = Callable[[Broker, Caller, Any], Plan | Planning]
