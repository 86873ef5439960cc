"""What was said to a question that only somebody else may answer."""

from msgspec import Struct


class Approval(Struct, frozen=True, kw_only=True):
    """What `run.approval` returns."""

    approved: bool
    by: str = ""
    """Who decided: the name given, or the bot that answered."""
    comment: str = ""
    expired: bool = False
    """Nobody decided in time; then it is not approved."""
