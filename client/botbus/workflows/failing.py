"""Which exceptions are the failure of a step or a workflow, and which are to end more than that.

A cancellation is told from one that only looks so: when a step awaits a task that somebody cancelled,
asyncio lets the same exception out of the step. If it were taken for the worker's own cancellation, one
careless step would end the worker, and with it all runs at hand.
"""

import asyncio

import anyio

from botbus.workflows.errors import Gone

_MORE_THAN_A_FAILURE = (KeyboardInterrupt, SystemExit, GeneratorExit, Gone)


def is_failure(error: BaseException) -> bool:
    """Whether it is the failure of what raised it; to be asked where it was caught."""
    if isinstance(error, Exception):
        return True
    if isinstance(error, _MORE_THAN_A_FAILURE):
        return False
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_failure, error.exceptions))
    return not isinstance(error, anyio.get_cancelled_exc_class()) or _is_stray()


def _is_stray() -> bool:
    """Whether nobody cancelled the task that caught a cancellation; under Trio there is none such."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and not task.cancelling()
