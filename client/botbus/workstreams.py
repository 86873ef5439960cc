"""`bus.workstreams` and `bus.sessions`: lines of work, and the conversations held in them."""

# ruff: noqa: A002 - id and list are words of the contract

from collections.abc import Sequence
from datetime import datetime

from botbus.errors import Invalid
from botbus.requesting import checked, time_text
from botbus.room import EVERYTHING, Room
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.records import (
    SCRATCH,
    Message,
    Session,
    SessionType,
    Workstream,
    WorkstreamState,
)
from botbus_protocol.replies import (
    Done,
    Messages,
    SessionReply,
    Sessions,
    Tags,
    WorkstreamReply,
    Workstreams,
)

Cursor = tuple[str | None, str]
"""The time and the id of the last record of a page."""


class WorkstreamGroup(Room):
    async def create(
        self,
        title: str,
        *,
        id: str | None = None,
        summary: str | None = None,
        state: WorkstreamState = "active",
        default_model: str | None = None,
        tags: Sequence[str] = (),
    ) -> Workstream:
        """Makes a workstream. With an `id` of one's own it may be asked for twice, and is made once."""
        return await self._one(
            checked(
                requests.CreateWorkstream,
                id=id or new_id(),
                title=title,
                summary=summary,
                state=state,
                default_model=default_model,
                tags=_listed(tags),
            )
        )

    async def get(self, id: str) -> Workstream:
        """Raises NotFound."""
        return await self._one(checked(requests.GetWorkstream, id=id))

    async def update(
        self,
        id: str,
        *,
        title: str | None = None,
        summary: str | None = None,
        state: WorkstreamState | None = None,
        default_model: str | None = None,
    ) -> Workstream:
        """Changes what is given; "" takes a summary or default model away. Raises NotFound."""
        return await self._one(
            checked(
                requests.UpdateWorkstream,
                id=id,
                title=title,
                summary=summary,
                state=state,
                default_model=default_model,
            )
        )

    async def delete(self, id: str) -> bool:
        """Deletes a workstream with its sessions and tags; False if there was none.

        Raises Denied for the scratch workstream.
        """
        request = checked(requests.DeleteWorkstream, id=id)
        return (await self._transport.call(request, Done)).changed

    async def set_tags(self, id: str, tags: Sequence[str]) -> Workstream:
        """These tags, instead of those that it has. Raises NotFound, and Invalid for what is no tag."""
        return await self._one(checked(requests.SetTags, workstream_id=id, tags=_listed(tags)))

    async def get_tags(self, id: str) -> "TagList":
        """In the order of their characters. Raises NotFound."""
        request = checked(requests.GetTags, workstream_id=id)
        return (await self._transport.call(request, Tags)).tags

    async def ensure_scratch(self) -> Workstream:
        """The workstream for whatever belongs to no other; its id is "scratch"."""
        return await self._one(requests.EnsureScratch())

    async def list(
        self,
        state: WorkstreamState | None = None,
        *,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        limit: int = EVERYTHING,
    ) -> "WorkstreamList":
        """Newest first."""
        after = time_text(created_after)

        async def page(cursor: Cursor, want: int) -> WorkstreamList:
            request = checked(
                requests.ListWorkstreams,
                state=state,
                created_after=after,
                created_before=cursor[0],
                before_id=cursor[1],
                limit=want,
            )
            return (await self._transport.call(request, Workstreams)).workstreams

        start = (time_text(created_before), "")
        return await self._paged(limit, start, page, lambda last: (last.created_at, last.id))

    async def _one(self, request: requests.Request) -> Workstream:
        return (await self._transport.call(request, WorkstreamReply)).workstream


class SessionGroup(Room):
    async def create(
        self,
        workstream_id: str = SCRATCH,
        *,
        id: str | None = None,
        session_type: SessionType = "user",
        peer_bot: str | None = None,
    ) -> Session:
        """Starts a session. One of type "bot" names the other bot.

        Raises NotFound, and IllegalState if the workstream is archived.
        """
        return await self._one(
            checked(
                requests.CreateSession,
                id=id or new_id(),
                workstream_id=workstream_id,
                session_type=session_type,
                peer_bot=peer_bot,
            )
        )

    async def get(self, id: str) -> Session:
        """Raises NotFound."""
        return await self._one(checked(requests.GetSession, id=id))

    async def end(
        self, id: str, *, turn_count: int | None = None, summary: str | None = None
    ) -> Session:
        """Ends a session, with what is to be kept of it.

        Raises NotFound, and IllegalState if it has ended with something else.
        """
        request = checked(requests.EndSession, id=id, turn_count=turn_count, summary=summary)
        return await self._one(request)

    async def update(
        self,
        id: str,
        *,
        turn_count: int | None = None,
        summary: str | None = None,
        compressed: bool | None = None,
    ) -> Session:
        """Changes what is given, also after the end; "" takes the summary away. Raises NotFound."""
        return await self._one(
            checked(
                requests.UpdateSession,
                id=id,
                turn_count=turn_count,
                summary=summary,
                compressed=compressed,
            )
        )

    async def messages(self, id: str, limit: int = EVERYTHING) -> "MessageList":
        """What was said in a session, oldest first: the messages that were sent with its id."""

        async def page(after: int, want: int) -> MessageList:
            request = checked(requests.History, session_id=id, after=after, limit=want)
            return (await self._transport.call(request, Messages)).messages

        return await self._paged(limit, 0, page, lambda message: message.seq)

    async def list(
        self,
        workstream_id: str | None = None,
        *,
        peer_bot: str | None = None,
        open: bool = False,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
        limit: int = EVERYTHING,
    ) -> "SessionList":
        """The one that was started last first; with `open`, only those that go on."""
        after = time_text(started_after)

        async def page(cursor: Cursor, want: int) -> SessionList:
            request = checked(
                requests.ListSessions,
                workstream_id=workstream_id,
                peer_bot=peer_bot,
                open=open,
                started_after=after,
                started_before=cursor[0],
                before_id=cursor[1],
                limit=want,
            )
            return (await self._transport.call(request, Sessions)).sessions

        start = (time_text(started_before), "")
        return await self._paged(limit, start, page, lambda last: (last.started_at, last.id))

    async def _one(self, request: requests.Request) -> Session:
        return (await self._transport.call(request, SessionReply)).session


def _listed(tags: Sequence[str]) -> list[str]:
    """Raises Invalid for a single text, which is a sequence of its characters to Python."""
    if isinstance(tags, str):
        raise Invalid(f"tags is the text {tags[:40]!r}: give a list of tags")
    return [*tags]


TagList = list[str]
WorkstreamList = list[Workstream]
SessionList = list[Session]
MessageList = list[Message]
