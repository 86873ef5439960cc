"""Which worker holds which run, in memory.

The lease in the run's row is the authority; what is remembered here is whom it belongs to and when it
ends if the worker says nothing more. A lease ends with its connection, at its deadline, or because an
operation ended it. There is one timer for all deadlines; a checkpoint moves a deadline without
touching the timer, which looks again when it fires.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from math import inf

from botbus_daemon.presence import Connection, Session
from botbus_protocol.errors import Code, Refused


class Held:
    """A run in the hands of a worker. Times are seconds of the event loop's clock."""

    __slots__ = ("deadline", "lease", "queued_for", "run_id", "seconds", "session", "ticket")

    def __init__(
        self, run_id: str, lease: str, session: Session, seconds: float, ticket: str
    ) -> None:
        self.run_id = run_id
        self.lease = lease
        self.session = session
        self.seconds = seconds
        self.ticket = ticket
        """The claim that it was handed to, while nobody is known to have seen it."""
        self.deadline = 0.0
        self.queued_for = inf
        """When the timer looks at it next; never after the deadline."""


class Leases:
    """`ended` is called with what was held beyond its deadline, and is not held any more."""

    def __init__(self, ended: Callable[[list[Held]], None]) -> None:
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, Held] = {}
        self._by_session: dict[Session, dict[str, Held]] = {}
        self._queue: list[tuple[float, int, Held]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._set_for = 0.0
        """When it fires."""

    def __len__(self) -> int:
        return len(self._held)

    def hold(
        self, run_id: str, lease: str, session: Session, seconds: float, ticket: str = ""
    ) -> Held:
        """Notes that a worker holds a run from now on, and for how long."""
        if (earlier := self._held.get(run_id)) is not None:
            self._remove(earlier)
        held = self._held[run_id] = Held(run_id, lease, session, seconds, ticket)
        self._by_session.setdefault(session, {})[run_id] = held
        self._set(held, self._loop.time() + seconds)
        return held

    def touch(self, run_id: str, lease: str) -> None:
        """The worker gave a sign of life: the lease begins anew."""
        held = self._held.get(run_id)
        if held is not None and held.lease == lease:
            held.deadline = max(held.deadline, self._loop.time() + held.seconds)
            held.ticket = ""

    def extend(self, run_id: str, lease: str, seconds: float) -> bool:
        """Lets a lease end that many seconds from now; False if it is not held any more."""
        held = self.find(run_id, lease)
        if held is None:
            return False
        held.seconds = seconds
        held.ticket = ""
        self._set(held, self._loop.time() + seconds)
        return True

    def find(self, run_id: str, lease: str) -> Held | None:
        held = self._held.get(run_id)
        return held if held is not None and held.lease == lease else None

    def drop(self, run_id: str, lease: str) -> Held | None:
        """Notes that a lease has ended; what was held by it, if it was."""
        held = self.find(run_id, lease)
        if held is not None:
            self._remove(held)
        return held

    def check(self, run_id: str, lease: str | None, session: Session) -> None:
        """That no bot speaks under the lease of another: leases can be guessed.

        Whether it still holds is for the transaction to say. Raises Refused (`lease_lost`).
        """
        held = self._held.get(run_id)
        if held is None or held.lease != lease or held.session.bot_id == session.bot_id:
            return
        raise Refused(
            Code.LEASE_LOST,
            f"run {run_id} is in the hands of another bot than {session.bot}: stop working on it",
        )

    def lease_of(self, connection: Connection, run_id: str) -> str | None:
        """The lease by which a connection holds a run."""
        held = self._held.get(run_id)
        return held.lease if held is not None and held.session.connection is connection else None

    def held_by(self, session: Session) -> list[Held]:
        return list(self._by_session.get(session, {}).values())

    def close_session(self, session: Session) -> list[Held]:
        """The connection is gone: what it held, which nobody holds now."""
        gone = self.held_by(session)
        for held in gone:
            self._remove(held)
        return gone

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _remove(self, held: Held) -> None:
        del self._held[held.run_id]
        mine = self._by_session[held.session]
        del mine[held.run_id]
        if not mine:
            del self._by_session[held.session]

    # Time

    def _set(self, held: Held, deadline: float) -> None:
        held.deadline = deadline
        if deadline < held.queued_for:
            self._enqueue(held)
            self._arm()

    def _enqueue(self, held: Held) -> None:
        held.queued_for = held.deadline
        heapq.heappush(self._queue, (held.deadline, next(self._numbers), held))

    def _arm(self) -> None:
        due = self._queue[0][0] if self._queue else None
        if self._timer is not None:
            if due is not None and self._set_for <= due:
                return  # a timer that fires early finds nothing to do and arms the next one
            self._timer.cancel()
        self._timer = None
        if due is not None:
            # Not asked of the timer: uvloop's does not tell if it is due at once.
            self._set_for = due
            self._timer = self._loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        now = self._loop.time()
        ended: list[Held] = []
        while self._queue and self._queue[0][0] <= now:
            queued_for, _, held = heapq.heappop(self._queue)
            if self._held.get(held.run_id) is not held or queued_for != held.queued_for:
                continue
            if held.deadline > now:
                self._enqueue(held)
            else:
                self._remove(held)
                ended.append(held)
        self._arm()
        if ended:
            self._ended(ended)
