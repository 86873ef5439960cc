"""The context of a run: a small map that is there for whoever looks at the run.

What the function changes travels with its next checkpoint, and is on disk with it or not at all. On a
replay the function begins with what the run began with and makes its changes anew.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

from botbus.values import plain


class Context(MutableMapping[str, Any]):
    """Assign whole values: a change inside of a list or dict that lies here is not noticed."""

    def __init__(self, base: Any = None) -> None:
        self._values: dict[str, Any] = dict(base) if isinstance(base, dict) else {}
        self.changes: dict[str, Any] = {}
        """What no checkpoint has taken along yet; None for what was taken away."""

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        value = plain(value, f"context[{key!r}]")
        self._values[key] = self.changes[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self.changes[key] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<context {self._values!r}>"

    def take(self) -> dict[str, Any] | None:
        """The changes since the last checkpoint, for the next one."""
        if not self.changes:
            return None
        changes, self.changes = self.changes, {}
        return changes

    def put_back(self, changes: dict[str, Any] | None) -> None:
        """The checkpoint that was to take them along was refused."""
        self.changes = {**(changes or {}), **self.changes}

    def whole(self) -> dict[str, Any]:
        return {key: value for key, value in self._values.items() if value is not None}
