"""Steps that nobody runs: they are finished by a time, a message, an approval, or another run.

A wait is begun anew on each replay. For the daemon that is a repeat while the step waits, and an answer
when it has been finished meanwhile; so nothing is asked twice, and nothing is waited for that nobody
will bring.
"""

from collections.abc import Sequence
from typing import Any

from botbus.checkpointing import begin_step
from botbus.values import plain
from botbus.workflows.errors import step_error
from botbus.workflows.execution import Execution
from botbus.workflows.memo import Past, is_end
from botbus_protocol.records import Step
from botbus_protocol.replies import StepReply
from botbus_protocol.requests import Request, WaitFor


async def waited(
    execution: Execution,
    name: str,
    past: Past | None,
    wait: WaitFor,
    *,
    input: Any = None,  # noqa: A002 - the word of the contract
    first: Sequence[Request] = (),
) -> Any:
    """The output of a step once it has come. Raises StepFailed.

    `first`: what is to happen in the same commit as the beginning of the wait, and only once.
    """
    step = past.end if past is not None else None
    if step is None:
        step = await _begun(execution, name, wait, input, () if past is not None else first)
    if not is_end(step):
        step = await execution.arrival(name, wait.kind, wait.seconds)
    if step.status == "failed":
        raise step_error(name, step.error)
    return step.output


async def _begun(
    execution: Execution, name: str, wait: WaitFor, given: Any, first: Sequence[Request]
) -> Step:
    grip = execution.grip
    request = begin_step(
        grip.run,
        name,
        grip.lease,
        kind=wait.kind,
        input=plain(given, f"the input of step {name!r}"),
        wait=wait,
    )
    execution.busy()
    try:
        if not first:
            return (await grip.call(request, StepReply)).step
        *_, reply = await grip.atomic([*first, request])
        assert isinstance(reply, StepReply)
        return reply.step
    finally:
        execution.rests()
