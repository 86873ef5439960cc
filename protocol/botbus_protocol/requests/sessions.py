"""The requests about the sessions of workstreams."""

from typing import Annotated, ClassVar

from msgspec import Meta

from botbus_protocol.grammar import check_id, check_name_or_id
from botbus_protocol.records.workstreams import SCRATCH, SessionType
from botbus_protocol.requests.record_fields import LongText, check_window, check_workstream_id
from botbus_protocol.requests.request import Request, check_count

Turns = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class CreateSession(Request, frozen=True, tag="create_session"):
    """Starts a session; the same id again is the same session."""

    mutates: ClassVar[bool] = True

    id: str
    workstream_id: str = SCRATCH
    session_type: SessionType = "user"
    peer_bot: str | None = None
    """The other bot of a session between bots, by name or id."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_workstream_id(self.workstream_id, "workstream_id")
        if (self.session_type == "bot") != (self.peer_bot is not None):
            raise ValueError("peer_bot belongs to a session of type bot: give both or neither")
        if self.peer_bot is not None:
            check_name_or_id(self.peer_bot, "peer_bot")


class GetSession(Request, frozen=True, tag="get_session"):
    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListSessions(Request, frozen=True, tag="list_sessions"):
    """Sessions, the ones that were started last first."""

    workstream_id: str | None = None
    peer_bot: str | None = None
    open: bool = False
    """Only those that go on."""
    started_after: str | None = None
    started_before: str | None = None
    before_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.workstream_id is not None:
            check_workstream_id(self.workstream_id, "workstream_id")
        if self.peer_bot is not None:
            check_name_or_id(self.peer_bot, "peer_bot")
        check_window(self.started_after, self.started_before, self.before_id, "started")
        check_count(self.limit, "limit")


class UpdateSession(Request, frozen=True, tag="update_session"):
    """Changes what is given, also of a session that has ended; empty text takes the summary away."""

    mutates: ClassVar[bool] = True

    id: str
    turn_count: Turns | None = None
    summary: LongText | None = None
    compressed: bool | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class EndSession(Request, frozen=True, tag="end_session"):
    """Ends a session, with what is to be kept of it."""

    mutates: ClassVar[bool] = True

    id: str
    turn_count: Turns | None = None
    summary: LongText | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")


SessionRequest = CreateSession | GetSession | ListSessions | UpdateSession | EndSession
