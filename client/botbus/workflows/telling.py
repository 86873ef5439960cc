"""Steps that are done in one commit: a message that leaves, or a value that is remembered."""

from collections.abc import Sequence
from typing import Any

from botbus.errors import BusError
from botbus.values import packed_changes, packed_plain
from botbus.workflows.errors import step_error
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
    grip = execution.grip
    attempt = past.attempts + 1 if past is not None else 1
    request = CompleteStep(
        run=grip.run,
        step=name,
        lease=grip.lease,
        output=packed_plain(output, "the output"),
        context=packed_changes(execution.context.take()),
        attempt=attempt,
        kind=kind,
    )
    execution.busy()
    try:
        if first:
            await grip.atomic([*first, request])
        else:
            await grip.call(request, Checkpoint)
    except BusError as error:
        text = error.message[:MAX_ERROR]
        refused = FailStep(
            run=grip.run,
            step=name,
            lease=grip.lease,
            error=text,
            final=True,
            attempt=attempt,
            kind=kind,
        )
        await grip.call(refused, Checkpoint)
        raise step_error(name, text) from None
    finally:
        execution.rests()
