"""Steps that are done in one commit: a message that leaves, or a value that is remembered.

What the daemon refuses, a channel that there is not for example, is a failure of the step for good: the
function is told the same on every replay.
"""

from collections.abc import Sequence
from typing import Any

from botbus.errors import BusError
from botbus.transport import R, narrowed
from botbus.values import packed_changes, packed_plain
from botbus.workflows.errors import StepFailed, step_error
from botbus.workflows.execution import Execution
from botbus.workflows.memo import Past
from botbus_protocol.replies import Checkpoint
from botbus_protocol.requests import MAX_ERROR, CompleteStep, FailStep, Request


async def told(
    execution: Execution,
    name: str,
    kind: str,
    past: Past | None,
    output: Any,
    *,
    first: Sequence[Request] = (),
) -> None:
    """Completes a step together with what is to happen first. Raises StepFailed if that is refused."""
    changes = execution.context.take()
    request = CompleteStep(
        run=execution.grip.run,
        step=name,
        lease=execution.grip.lease,
        output=packed_plain(output, "the output"),
        context=packed_changes(changes),
        attempt=next_attempt(past),
        kind=kind,
    )
    try:
        await checkpointed(execution, name, kind, past, request, Checkpoint, first=first)
    except StepFailed:
        execution.context.put_back(changes)
        raise


async def checkpointed(
    execution: Execution,
    name: str,
    kind: str,
    past: Past | None,
    request: Request,
    reply: type[R],
    *,
    first: Sequence[Request] = (),
) -> R:
    """The reply to a request that is about a step. Raises StepFailed if it is refused."""
    grip = execution.grip
    execution.busy()
    try:
        if not first:
            return await grip.call(request, reply)
        *_, last = await grip.atomic([*first, request])
        return narrowed(last, reply)
    except BusError as error:
        refusal = FailStep(
            run=grip.run,
            step=name,
            lease=grip.lease,
            error=error.message[:MAX_ERROR],
            final=True,
            attempt=next_attempt(past),
            kind=kind,
        )
        await grip.call(refusal, Checkpoint)
        raise step_error(name, error.message[:MAX_ERROR]) from None
    finally:
        execution.rests()


def next_attempt(past: Past | None) -> int:
    return past.attempts + 1 if past is not None else 1
