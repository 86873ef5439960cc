"""Workstreams, and the sessions held in them."""

from typing import Literal

from msgspec import Struct, field

WorkstreamState = Literal["active", "paused", "archived"]
SessionType = Literal["user", "bot"]

SCRATCH = "scratch"
"""The id of the workstream that is always there."""


class Workstream(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of work that goes on for longer than one conversation."""

    id: str
    title: str
    summary: str | None = None
    is_scratch: bool = False
    """The one for whatever belongs to no other."""
    state: WorkstreamState = "active"
    default_model: str | None = None
    tags: list[str] = field(default_factory=list)
    """In the order of their characters."""
    created_at: str = ""
    updated_at: str = ""


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conversation of a workstream; the messages that name it are its content."""

    id: str
    workstream_id: str
    started_at: str
    ended_at: str | None = None
    """None while it goes on."""
    turn_count: int = 0
    summary: str | None = None
    compressed: bool = False
    """Whether the summary stands for the whole of it now."""
    session_type: SessionType = "user"
    peer_bot: str | None = None
    """The other one of a session between bots, by name."""
