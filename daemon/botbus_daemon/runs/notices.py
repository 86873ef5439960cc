"""What workers are to be told about the runs they hold, until their next claim takes it along."""

from collections import deque
from collections.abc import Callable

from botbus_daemon.presence import Session
from botbus_protocol.records import Notice

MOST = 10_000
"""Notices that wait for one worker; one that never asks learns of the loss at its next checkpoint."""


class Notices:
    """`arrived` is called when there is something for a session."""

    def __init__(self, arrived: Callable[[Session], None]) -> None:
        self._arrived = arrived
        self._waiting: dict[Session, deque[Notice]] = {}
        self._taken: dict[Session, tuple[str, list[Notice]]] = {}
        """By session: what its last claim with a ticket took along."""

    def tell(self, session: Session, notice: Notice) -> None:
        if not session.closed:
            self._waiting.setdefault(session, deque(maxlen=MOST)).append(notice)
            self._arrived(session)

    def any(self, session: Session) -> bool:
        return session in self._waiting

    def take(self, session: Session, ticket: str) -> list[Notice]:
        """What there is for a session; it goes out with the claim of that ticket."""
        notices = list(self._waiting.pop(session, ()))
        if ticket and notices:
            self._taken[session] = (ticket, notices)
        return notices

    def give_back(self, session: Session, ticket: str) -> None:
        """The claim of that ticket never reached its caller: what it took along is told again."""
        taken = self._taken.get(session)
        if taken is not None and taken[0] == ticket:
            del self._taken[session]
            self._waiting.setdefault(session, deque(maxlen=MOST)).extendleft(reversed(taken[1]))

    def close_session(self, session: Session) -> None:
        self._waiting.pop(session, None)
        self._taken.pop(session, None)
