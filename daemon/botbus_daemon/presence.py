"""Who is connected, from the pipes themselves.

A connection is one pipe; the kernel says which process and user is at its other end. A session is one
bot speaking through one connection; most connections have one. When a pipe goes, its sessions close,
and with them their leases end.
"""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from botbus_daemon.reserved import check_bot_name
from botbus_protocol.errors import Code, Refused

MOST_BOTS = 1000
"""Bots that may speak through one connection."""
REMEMBERED_TICKETS = 64


class Peer(Struct, frozen=True):
    """The process at the other end of a pipe, as the kernel knows it; None where it does not say."""

    uid: int | None
    gid: int | None
    pid: int | None


class Session:
    """One bot, speaking through one connection."""

    def __init__(self, connection: "Connection", bot_id: str, bot: str) -> None:
        self.connection = connection
        self.bot_id = bot_id
        self.bot = bot
        self.cancelled_tickets: dict[str, None] = {}

    @property
    def closed(self) -> bool:
        return self.connection.closed

    def cancel(self, ticket: str) -> None:
        """Remembers a cancelled fetch, in case the fetch itself is only now on its way."""
        self.cancelled_tickets[ticket] = None
        while len(self.cancelled_tickets) > REMEMBERED_TICKETS:
            del self.cancelled_tickets[next(iter(self.cancelled_tickets))]


class Connection:
    """One pipe."""

    def __init__(self, pipe_id: int, peer: Peer) -> None:
        self.pipe_id = pipe_id
        self.peer = peer
        self.closed = False
        self.trusted = False
        """Whether the policy lets it do everything, so that nothing needs to be looked up."""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Resolves when the pipe is lost; what is parked for it ends then."""
        self.hold: Callable[[float], None] = _listen_on
        """Lets no more requests in until a time of the loop."""
        self.parked = 0
        self.frames = 0
        """That have come through it."""
        self.sessions: dict[str, asyncio.Future[Session]] = {}

    def session_of(self, bot: str) -> Session | None:
        """The session of a bot, if it is open."""
        future = self.sessions.get(bot)
        return None if future is None or not future.done() else future.result()

    def open_sessions(self) -> list[Session]:
        done = [f for f in self.sessions.values() if f.done() and not f.cancelled()]
        return [f.result() for f in done if f.exception() is None]


def _listen_on(_: float) -> None:
    pass


class Presence:
    """The connections and sessions that are alive."""

    def __init__(
        self,
        see: Callable[[str], Awaitable[tuple[str, str]]],
        spoken: Callable[[Connection], None],
        check: Callable[[Connection, str, int], None],
    ) -> None:
        """`check` raises Refused if a bot that has so many connections may not have this one too."""
        self._see = see
        self._spoken = spoken
        self._check = check
        self._bots: dict[str, set[Session]] = {}
        self.connections: dict[int, Connection] = {}

    def connect(self, connection: Connection) -> None:
        self.connections[connection.pipe_id] = connection

    def disconnect(self, pipe_id: int) -> list[Session]:
        """Closes a connection; its sessions."""
        connection = self.connections.pop(pipe_id, None)
        if connection is None:
            return []
        connection.closed = True
        connection.gone.set_result(None)
        sessions = connection.open_sessions()
        for session in sessions:
            self._leave(session)
        return sessions

    async def session(self, connection: Connection, bot: str) -> Session:
        """The session of a bot on a connection; the first time, the bot is noted on disk."""
        future = connection.sessions.get(bot)
        if future is None:
            check_bot_name(bot)
            if len(connection.sessions) >= MOST_BOTS:
                raise Refused(
                    Code.LIMIT,
                    f"one connection may speak for {MOST_BOTS} bots: open another",
                    limit="bots_of_connection",
                    figure=MOST_BOTS,
                )
            future = connection.sessions[bot] = asyncio.get_running_loop().create_future()
            await self._open(connection, bot, future)
        return future.result() if future.done() else await asyncio.shield(future)

    async def _open(
        self, connection: Connection, bot: str, future: "asyncio.Future[Session]"
    ) -> None:
        try:
            bot_id, name = await self._see(bot)
            self._check(connection, bot_id, self.connected(bot_id))
        except Refused as refusal:
            del connection.sessions[bot]
            future.set_exception(refusal)
            return
        session = Session(connection, bot_id, name)
        if not connection.closed:
            self._bots.setdefault(bot_id, set()).add(session)
        future.set_result(session)
        self._spoken(connection)

    def connected(self, bot_id: str | None) -> int:
        """How many connections a bot has."""
        return len(self._bots.get(bot_id or "", ()))

    def count(self) -> int:
        """How many bots are connected."""
        return len(self._bots)

    def connected_names(self) -> list[str]:
        """Names of the bots that are connected."""
        return [next(iter(sessions)).bot for sessions in self._bots.values()]

    def _leave(self, session: Session) -> None:
        sessions = self._bots.get(session.bot_id, set())
        sessions.discard(session)
        if not sessions:
            self._bots.pop(session.bot_id, None)
