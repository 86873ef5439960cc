"""The requests about workstreams and their tags."""

from typing import ClassVar

from msgspec import field

from botbus_protocol.grammar import check_id
from botbus_protocol.records.workstreams import WorkstreamState
from botbus_protocol.requests.record_fields import (
    LongText,
    OptionalName,
    Tags,
    Title,
    check_tags,
    check_window,
    check_workstream_id,
)
from botbus_protocol.requests.request import Request, check_count


class CreateWorkstream(Request, frozen=True, tag="create_workstream"):
    """Makes a workstream; the same id again is the same workstream."""

    mutates: ClassVar[bool] = True

    id: str
    title: Title
    summary: LongText | None = None
    state: WorkstreamState = "active"
    default_model: OptionalName | None = None
    tags: Tags = field(default_factory=list)

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_tags(self.tags)


class GetWorkstream(Request, frozen=True, tag="get_workstream"):
    id: str

    def __post_init__(self) -> None:
        check_workstream_id(self.id, "id")


class ListWorkstreams(Request, frozen=True, tag="list_workstreams"):
    """Workstreams, newest first."""

    state: WorkstreamState | None = None
    created_after: str | None = None
    created_before: str | None = None
    before_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        check_window(self.created_after, self.created_before, self.before_id, "created")
        check_count(self.limit, "limit")


class UpdateWorkstream(Request, frozen=True, tag="update_workstream"):
    """Changes what is given; empty text takes a summary or a default model away."""

    mutates: ClassVar[bool] = True

    id: str
    title: Title | None = None
    summary: LongText | None = None
    state: WorkstreamState | None = None
    default_model: OptionalName | None = None

    def __post_init__(self) -> None:
        check_workstream_id(self.id, "id")


class DeleteWorkstream(Request, frozen=True, tag="delete_workstream"):
    """Deletes a workstream with its sessions and tags; never `scratch`."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_workstream_id(self.id, "id")


class SetTags(Request, frozen=True, tag="set_tags"):
    """These tags, instead of those that a workstream has."""

    mutates: ClassVar[bool] = True

    workstream_id: str
    tags: Tags

    def __post_init__(self) -> None:
        check_workstream_id(self.workstream_id, "workstream_id")
        check_tags(self.tags)


class GetTags(Request, frozen=True, tag="get_tags"):
    workstream_id: str

    def __post_init__(self) -> None:
        check_workstream_id(self.workstream_id, "workstream_id")


class EnsureScratch(Request, frozen=True, tag="ensure_scratch"):
    """The workstream `scratch`; it is made if somebody took it from the database."""

    mutates: ClassVar[bool] = True


WorkstreamRequest = (
    CreateWorkstream
    | GetWorkstream
    | ListWorkstreams
    | UpdateWorkstream
    | DeleteWorkstream
    | SetTags
    | GetTags
    | EnsureScratch
)
