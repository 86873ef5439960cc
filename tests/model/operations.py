"""What a request asks, what its answer says, and what the oracle makes of it.

An operation is put to the daemon once, again, or while the daemon is killed; `fresh` says which: True
for the first time, False for a repeat (which must have no second effect), None if nobody knows whether
it was carried out before. `probe` asks afterwards whether it was.
"""

from abc import ABC, abstractmethod

from tests.daemon.plain import Json


class Operation(ABC):
    """One request, and what the oracle knows about it."""

    request: Json
    fresh: bool | None = True
    repeatable = True
    """Whether a repeat after a kill tells what has become of it."""

    @abstractmethod
    def answered(self, reply: Json) -> None:
        """Holds a reply against the oracle, and tells it what happened."""

    def errors(self) -> set[str]:
        """Codes with which it may be refused as things are."""
        return set()

    def probe(self) -> Json | None:
        """A request whose reply tells whether it was carried out; None: repeat it instead."""
        return None

    def probed(self, reply: Json) -> bool | None:  # noqa: ARG002 - for those that have a probe
        """Whether it was, and tells the oracle. None: that cannot be told."""
        return None


def outcome(reply: Json) -> str:
    """changed, unchanged, or the code of the error."""
    if "error" in reply:
        return str(reply["error"]["code"])
    ok = reply["ok"]
    return "changed" if ok.get("changed", True) else "unchanged"
