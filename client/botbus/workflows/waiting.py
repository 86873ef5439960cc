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
from botbus.workflows.telling import checkpointed
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
        step = await _begun(execution, name, past, wait, input, first)
    if not is_end(step):
        step = await execution.arrival(name, wait.kind, wait.seconds)
    if step.status == "failed":
        raise step_error(name, step.error)
    return step.output


async def _begun(
    execution: Execution,
    name: str,
    past: Past | None,
    wait: WaitFor,
    given: Any,
    first: Sequence[Request],
) -> Step:
    request = begin_step(
        execution.grip.run,
        name,
        execution.grip.lease,
        kind=wait.kind,
        input=plain(given, f"the input of step {name!r}"),
        wait=wait,
    )
    before = first if past is None else ()
    reply = await checkpointed(execution, name, wait.kind, past, request, StepReply, first=before)
    return reply.step
