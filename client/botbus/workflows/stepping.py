"""One step of a run: attempt after attempt, until it is done or has failed for good.

In the common case, a first attempt that succeeds, the function is called and its result is told in
one checkpoint. Only if it is not sure that the run is still here (see `grip`) is the daemon asked
before the function is called.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from time import monotonic
from typing import Any

import anyio
import anyio.to_thread

from botbus.errors import BusError, Invalid
from botbus.values import packed_changes, packed_plain
from botbus.workflows.errors import TIMED_OUT, step_error, text_of
from botbus.workflows.execution import Execution
from botbus.workflows.failing import is_failure
from botbus.workflows.memo import Past, is_end
from botbus.workflows.retrying import Rules
from botbus.workflows.shape import Shape
from botbus_protocol.records import Step
from botbus_protocol.replies import Checkpoint, StepReply
from botbus_protocol.requests import MAX_ERROR, BeginStep, CompleteStep, FailStep

logger = logging.getLogger("botbus.workflows")

LONGEST_STAY = 10.0
"""Seconds of backoff for which a run stays in its worker."""

Call = Callable[[], Any]


class TookTooLong(Exception):  # noqa: N818 - it says what happened
    """An attempt has used up its time."""


class Stepping:
    """Call `run` once."""

    __slots__ = ("_attempt", "_call", "_execution", "_failures", "_name", "_rules", "_shape")

    def __init__(
        self,
        execution: Execution,
        name: str,
        call: Call,
        shape: Shape,
        rules: Rules,
        past: Past | None,
    ) -> None:
        self._execution = execution
        self._name = name
        self._call = call
        self._shape = shape
        self._rules = rules
        self._attempt = past.attempts if past else 0
        self._failures = past.failures if past else 0

    async def run(self, failed_at: float = 0.0) -> Any:
        """The result, as its author gets it. Raises StepFailed."""
        execution = self._execution
        execution.busy()
        try:
            while True:
                if self._failures:
                    await self._back_off(failed_at)
                self._attempt += 1
                if not execution.grip.sure and (end := await self._ask()) is not None:
                    return result_of(end, self._shape)
                began = monotonic()
                try:
                    value = await self._performed(began)
                except BaseException as error:
                    if not is_failure(error):
                        raise
                    await self._fail(error, monotonic() - began)
                    failed_at = time.time()
                else:
                    return await self._complete(value, monotonic() - began)
        finally:
            execution.rests()

    async def _ask(self) -> Step | None:
        """Asks whether to run it; the finished step if it is done already."""
        request = BeginStep(
            run=self._execution.grip.run, step=self._name, lease=self._execution.grip.lease
        )
        reply = await self._execution.grip.call(request, StepReply)
        self._attempt = reply.step.attempt
        return reply.step if is_end(reply.step) else None

    async def _performed(self, began: float) -> Any:
        slow, grip = self._execution.surroundings.slow, self._execution.grip
        slow.began(grip, self._name, began)
        try:
            if self._rules.timeout is not None:
                return await self._called_in_time(self._rules.timeout)
            return await (self._call() if self._shape.is_async else self._called())
        finally:
            slow.ended(grip, self._name)

    async def _called(self) -> Any:
        if self._shape.is_async:
            return await self._call()
        # In a tuple, because Trio lets no coroutine out of a thread, and a lambda may give one.
        (value,) = await anyio.to_thread.run_sync(
            lambda: (self._call(),),
            abandon_on_cancel=True,
            limiter=self._execution.surroundings.limiter,
        )
        return await value if isawaitable(value) else value

    async def _called_in_time(self, seconds: float) -> Any:
        with anyio.move_on_after(seconds) as scope:
            return await self._called()
        assert scope.cancelled_caught
        raise TookTooLong(f"{TIMED_OUT}it took longer than {seconds:g} s")

    async def _complete(self, value: Any, elapsed: float) -> Any:
        execution, name = self._execution, self._name
        what = f"the result of step {name!r}"
        changes = execution.context.take()
        try:
            stored, result = self._shape.taken(value, what)
            request = CompleteStep(
                run=execution.grip.run,
                step=name,
                lease=execution.grip.lease,
                output=packed_plain(stored, what),
                context=packed_changes(changes),
                attempt=self._attempt,
                elapsed=elapsed,
            )
            await execution.grip.call(request, Checkpoint)
        except BusError as error:
            execution.context.put_back(changes)
            await self._tell_failure(error.message, elapsed, final=True)
            raise step_error(name, error.message[:MAX_ERROR]) from None
        return result

    async def _fail(self, error: BaseException, elapsed: float) -> None:
        """Tells that an attempt has failed. Raises StepFailed if it was the last one."""
        text = str(error) if isinstance(error, TookTooLong) else text_of(error)
        self._failures += 1
        final = self._failures > self._rules.retries
        run, name = self._execution.grip.run, self._name
        logger.warning(
            "step %s of run %s, attempt %d: %s", name, run, self._attempt, text, exc_info=error
        )
        await self._tell_failure(text, elapsed, final=final)
        if final:
            raise step_error(name, text[:MAX_ERROR]) from None

    async def _tell_failure(self, text: str, elapsed: float, *, final: bool) -> None:
        grip = self._execution.grip
        request = FailStep(
            run=grip.run,
            step=self._name,
            lease=grip.lease,
            error=text[:MAX_ERROR],
            final=final,
            attempt=self._attempt,
            elapsed=elapsed,
        )
        await grip.call(request, Checkpoint)

    async def _back_off(self, failed_at: float) -> None:
        """Waits until it is time for the next attempt; a long time without a slot."""
        execution = self._execution
        delay = self._rules.delay(execution.grip.run, self._name, self._failures)
        left = min(failed_at + delay - time.time(), delay)  # however the clock was set meanwhile
        if left <= 0:
            return
        if left <= LONGEST_STAY:
            await anyio.sleep(left)
            return
        execution.rests()
        try:
            await execution.pause(self._name, left)
        finally:
            execution.busy()


def result_of(step: Step, shape: Shape) -> Any:
    """What a finished step gives to its author. Raises StepFailed, and Invalid if it cannot be read
    as what the function returns now.
    """
    if step.status == "failed":
        raise step_error(step.step_id, step.error)
    return shape.restored(step.output, f"the stored result of step {step.step_id!r}")


def call_of(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Call:
    """What an attempt calls. Raises Invalid for what cannot be called."""
    if not callable(function):
        raise Invalid(
            f"step {name!r} is given a {type(function).__name__}: give it the function, and after it "
            "its arguments, and do not call it yourself"
        )
    return partial(function, *args, **kwargs)
