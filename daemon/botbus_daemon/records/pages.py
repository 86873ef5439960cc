"""From the bounds of a list request to a window on the store, and other steps that handlers share."""

from typing import TypeVar

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Write
from botbus_protocol import timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.replies import Done
from botbus_storage.operations import Changed, Operation
from botbus_storage.reading.records.paging import Window

T = TypeVar("T")


def window(
    broker: Broker, after: str | None, before: str | None, before_id: str, limit: int
) -> Window:
    return Window(
        after=_stored(after, "after"),
        before=_stored(before, "before"),
        before_id=before_id,
        limit=page_limit(broker, limit),
    )


def page_limit(broker: Broker, limit: int) -> int:
    return min(limit, broker.settings.limits.fetch_messages)


def found(record: T | None, what: str, key: str, advice: str) -> T:
    """The record. Raises Refused if there is none."""
    if record is None:
        raise Refused(Code.NOT_FOUND, f"there is no {what} {key}: {advice}", id=key)
    return record


def changing(operation: Operation) -> Write:
    """A write whose reply tells only whether anything changed."""

    def then(outcome: Changed) -> Done:
        return Done(changed=outcome.changed, count=outcome.count)

    return Write(operation, then)


def _stored(moment: str | None, what: str) -> str | None:
    return None if moment is None else timestamps.normal_time(moment, what)
