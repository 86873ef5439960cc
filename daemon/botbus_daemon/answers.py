"""What is answered to a frame: in part at once, in part only when what it writes is on disk.

Invariant: an answer of a `Write` is made from the outcome of its commit, in commit order, by `settle`
and by nothing else.
"""

from collections.abc import Sequence
from typing import Protocol

from botbus_daemon.plans import Write
from botbus_protocol.errors import Code, Fault
from botbus_protocol.replies import Reply
from botbus_storage.engine import Result, whole_failed
from botbus_storage.operations import Operation

Answer = Reply | Fault

INTERNAL = Fault(Code.INTERNAL.value, "the daemon failed at this request; its log says why")


class Answering(Protocol):
    """What answers the requests of a frame."""

    refused: bool
    """Whether anything among what is said is a fault."""

    @property
    def said(self) -> Sequence[Answer]:
        """One for each of them, once all is settled."""

    @property
    def atomic(self) -> bool:
        """Whether all of it is to be committed, or none."""

    def operations(self) -> list[Operation]:
        """What is to be committed."""

    def settle(self, results: Sequence[Result]) -> None:
        """That is committed, or has failed: a result for each operation."""

    def fail_whole(self, fault: Fault) -> None:
        """Everybody in the frame is told this."""


class Answers:
    """One for each request of a frame; `pending` are the writes that are not committed yet."""

    def __init__(self, count: int, *, atomic: bool = False) -> None:
        self.said: list[Answer] = [INTERNAL] * count
        self.pending: list[tuple[int, Write]] = []
        """With the place of the request."""
        self.atomic = atomic
        self.refused = False
        """Whether anything among them is a fault."""

    def say(self, index: int, answer: Answer) -> None:
        """Answers a request that has nothing to write, or that failed."""
        self.said[index] = answer
        self.refused = self.refused or isinstance(answer, Fault)

    def operations(self) -> list[Operation]:
        """What is to be committed."""
        return [write.operation for _, write in self.pending]

    def settle(self, results: Sequence[Result]) -> None:
        """Fills in the answers to what was pending: it is committed, or has failed."""
        pending, self.pending = self.pending, []
        said = self.said
        for (index, write), result in zip(pending, results, strict=True):
            if type(result) is Fault:  # isinstance asks its class's class, which takes longer
                if write.undo is not None:
                    write.undo()
                said[index] = result
                self.refused = True
            else:
                said[index] = write.then(result)
        if self.atomic and isinstance(failure := said[pending[0][0]], Fault):
            self.fail_whole(_counted_in_frame(failure, pending))

    def fail_whole(self, fault: Fault) -> None:
        """Nothing was done, and everybody in the frame is told why."""
        for _, write in self.pending:
            if write.undo is not None:
                write.undo()
        self.pending = []
        self.said = [fault] * len(self.said)
        self.refused = True


def _counted_in_frame(failure: Fault, pending: Sequence[tuple[int, Write]]) -> Fault:
    """The failure of a group, with the culprit's place in the frame: a group leaves out repeats."""
    culprit = (failure.details or {}).get("failed_request")
    if culprit is None or pending[culprit][0] == culprit:
        return failure
    cause = failure.message.partition(": ")[2]
    return whole_failed(pending[culprit][0], Fault(failure.code, cause, failure.details))
