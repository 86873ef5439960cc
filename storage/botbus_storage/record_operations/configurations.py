"""What can be done to configurations. Outcomes are `Configured`.

Every change is told in a message on the channel of configurations, stored in the same transaction.
The message has the id of the operation: by it a repeat is known for what it is.
"""

from botbus_protocol.records import ValueType
from botbus_storage.operations import Operation


class SetConfiguration(Operation, frozen=True, kw_only=True):
    """Faults: `conflict` (the condition does not hold, or the id is taken), `denied` (a condition on a
    secret that is not to be read), `invalid` (the value does not have the type).
    """

    id: str
    key: str
    value: str
    """JSON text."""
    value_type: ValueType | None = None
    description: str | None = None
    is_secret: bool | None = None
    if_value: str | None = None
    """JSON text."""
    if_absent: bool = False
    may_read: bool = False
    """Whether the bot may know the value if it is a secret: else nothing tells what it was."""
    bot_id: str
    bot: str

    def __repr__(self) -> str:
        """Without the value: nobody knows yet whether it is a secret."""
        return f"SetConfiguration(id={self.id!r}, key={self.key!r}, by={self.bot!r})"


class UnsetConfiguration(Operation, frozen=True, kw_only=True):
    """Faults: `conflict` (the condition does not hold, or the id is taken), `denied` (a condition on a
    secret that is not to be read).
    """

    id: str
    key: str
    if_value: str | None = None
    may_read: bool = False
    """As for `SetConfiguration`."""
    bot_id: str
    bot: str

    def __repr__(self) -> str:
        return f"UnsetConfiguration(id={self.id!r}, key={self.key!r}, by={self.bot!r})"
