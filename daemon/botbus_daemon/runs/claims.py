"""Workers that wait for runs: first come, first served.

A claim looks once when it comes. If there is nothing it stays parked, and is tried again when a run of
one of its workflows may be ready. Parked claims are tried one after the other by one task; a claim that
gets less than it has room for has shown that there is no more of what it offers, and those behind it
that offer the same are left alone.

A claim is parked before it looks, so that nothing that becomes ready meanwhile is missed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from botbus_daemon.presence import Session
from botbus_protocol.errors import Refused
from botbus_protocol.records import Run

Offer = tuple[str, str]
"""Id of a workflow, and a version of it."""


class Grant(Struct, frozen=True):
    """A run that was claimed."""

    run: Run
    lease: str


class Claimer:
    """A claim that is being served."""

    __slots__ = (
        "future",
        "interrupted",
        "lease",
        "max",
        "missed",
        "offers",
        "session",
        "ticket",
        "trying",
        "workflows",
    )

    def __init__(
        self, session: Session, offers: Iterable[Offer], most: int, lease: float, ticket: str
    ) -> None:
        self.session = session
        self.offers = tuple(dict.fromkeys(offers))
        self.workflows = frozenset(workflow for workflow, _ in self.offers)
        self.max = most
        self.lease = lease
        self.ticket = ticket
        self.trying = False
        """Whether the disk is being asked for it now."""
        self.interrupted = False
        """Whether it is to be answered when that is over, whatever it got."""
        self.missed: set[str] = set()
        """Workflows that had something ready meanwhile."""
        self.future: asyncio.Future[list[Grant]] = asyncio.get_running_loop().create_future()
        """The runs it got; none if it is to be answered for another reason."""

    def end(self) -> None:
        """Lets it be answered now, or with what it is about to get."""
        if self.trying:
            self.interrupted = True
        else:
            self.answer([])

    def answer(self, grants: list[Grant]) -> None:
        if not self.future.done():
            self.future.set_result(grants)


Attempt = Callable[[Claimer, tuple[Offer, ...]], Awaitable[list[Grant]]]


class Claims:
    """The parked claims. `attempt` claims on disk, `give_back` undoes that for who has left."""

    def __init__(self, attempt: Attempt, give_back: Callable[[list[Grant]], None]) -> None:
        self._attempt = attempt
        self._give_back = give_back
        self._parked: dict[Claimer, None] = {}
        self._ready: set[str] = set()
        self._pumping: asyncio.Task[None] | None = None
        self._offers: dict[Session, frozenset[Offer]] = {}
        """What the workers that are connected can run, by their last claim."""

    # Claims come and go

    async def look(self, claimer: Claimer) -> None:
        """Parks a claim, and looks whether there is something for it now."""
        if claimer.session.closed:
            return
        self._parked[claimer] = None
        self._offers[claimer.session] = frozenset(claimer.offers)
        if claimer.max and claimer.offers:
            await self._try(claimer, claimer.offers)

    def unpark(self, claimer: Claimer) -> None:
        self._parked.pop(claimer, None)

    def parked_by(self, session: Session) -> list[Claimer]:
        return [claimer for claimer in self._parked if claimer.session is session]

    def close_session(self, session: Session) -> None:
        self._offers.pop(session, None)
        for claimer in self.parked_by(session):
            self.unpark(claimer)

    def offers_of(self, workflow: str) -> dict[str, int]:
        """By version of a workflow: how many connected workers can run it."""
        count: dict[str, int] = {}
        for offers in self._offers.values():
            for offered, version in offers:
                if offered == workflow:
                    count[version] = count.get(version, 0) + 1
        return count

    # Waking

    def wake(self, workflows: Iterable[str]) -> None:
        """There may be a run of these workflows to claim."""
        if not self._parked:
            return
        self._ready.update(workflows)
        if self._ready and self._pumping is None:
            self._pumping = asyncio.get_running_loop().create_task(self._pump())

    async def close(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.wait([self._pumping])

    async def _pump(self) -> None:
        try:
            while self._ready:
                workflows, self._ready = self._ready, set()
                await self._serve(workflows)
        finally:
            self._pumping = None

    async def _serve(self, workflows: set[str]) -> None:
        """Tries the parked claims that offer one of these workflows, in turn."""
        exhausted: set[Offer] = set()
        for claimer in list(self._parked):
            if claimer.trying:
                claimer.missed.update(claimer.workflows & workflows)
                continue
            if not claimer.max or claimer.future.done() or claimer not in self._parked:
                continue
            wanted = (o for o in claimer.offers if o[0] in workflows and o not in exhausted)
            if (offers := tuple(wanted)) and await self._try_again(claimer, offers) < claimer.max:
                exhausted.update(offers)

    async def _try_again(self, claimer: Claimer, offers: tuple[Offer, ...]) -> int:
        try:
            return await self._try(claimer, offers)
        except Refused as refusal:
            claimer.future.set_exception(refusal)
            return 0

    async def _try(self, claimer: Claimer, offers: tuple[Offer, ...]) -> int:
        """Asks the disk for runs; how many there were. Raises Refused."""
        claimer.trying = True
        try:
            grants = await self._attempt(claimer, offers)
        finally:
            claimer.trying = False
        if claimer not in self._parked or claimer.session.closed:
            self._give_back(grants)
            grants, claimer.interrupted = [], True
        if grants or claimer.interrupted:
            claimer.answer(grants)
        elif claimer.missed:
            missed, claimer.missed = claimer.missed, set()
            self.wake(missed)
        return len(grants)
