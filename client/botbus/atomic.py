"""Several requests as one: all of them take effect in one commit, or none does.

An `AtomicFrame` collects; nothing is sent before its block ends, and nothing at all if the block
raises. Each method has the arguments of its namesake on the bus or on a delivery, and returns a
`Pending`, whose `.result` is there after the block.
"""

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

from botbus import checkpointing, replies, requesting
from botbus.errors import IllegalState, error_of
from botbus.held import Held
from botbus.transport import Transport
from botbus_protocol.errors import Fault
from botbus_protocol.replies import AnyReply, Receipt
from botbus_protocol.requests import Request

P = ParamSpec("P")
T = TypeVar("T")


class Pending(Generic[T]):
    """What a request in an atomic frame will have brought about."""

    def __init__(self, request: Request, read: Callable[[AnyReply], T], held: Held | None) -> None:
        self.request = request
        self._read = read
        self._held = held
        self._reply: AnyReply | None = None

    @property
    def result(self) -> T:
        """Raises IllegalState before the frame is committed."""
        if self._reply is None:
            raise IllegalState(
                "the atomic frame is not committed: read its results after its block"
            )
        return self._read(self._reply)

    def fulfil(self, reply: AnyReply) -> None:
        self._reply = reply
        if self._held is not None:
            self._held.hold.settle()


class Collected(Generic[P, T]):
    """A method that puts the request which `make` makes into its frame."""

    def __init__(self, make: Callable[P, Request], read: Callable[[AnyReply], T]) -> None:
        self._make = make
        self._read = read

    def __get__(self, frame: "AtomicFrame", owner: type) -> Callable[P, Pending[T]]:
        @wraps(self._make)
        def collect(*args: P.args, **kwargs: P.kwargs) -> Pending[T]:
            return frame.add(self._make(*args, **kwargs), self._read)

        return collect


class AtomicFrame:
    """Collects what is to happen together; an async context manager."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pending: list[Pending[Any]] = []
        self._over = False

    send = Collected(requesting.send, replies.receipt)
    publish = Collected(requesting.publish, replies.receipt)
    recall = Collected(requesting.recall, replies.changed)
    create_channel = Collected(requesting.create_channel, replies.channel)
    subscribe = Collected(requesting.subscribe, replies.subscription)
    unsubscribe = Collected(requesting.unsubscribe, replies.changed)
    replay_dead = Collected(requesting.replay_dead, replies.count)
    drop_dead = Collected(requesting.drop_dead, replies.count)
    create_run = Collected(checkpointing.create_run, replies.run)
    update_run_status = Collected(checkpointing.update_run_status, replies.run)
    begin_step = Collected(checkpointing.begin_step, replies.step)
    complete_step = Collected(checkpointing.complete_step, replies.checkpoint)
    fail_step = Collected(checkpointing.fail_step, replies.checkpoint)
    decide = Collected(checkpointing.decide, replies.step)

    def ack(self, delivery: Held) -> Pending[bool]:
        return self.add(requesting.ack(delivery), replies.changed, delivery)

    def nak(
        self,
        delivery: Held,
        delay: float | None = None,
        counts: bool = True,
        reason: str = "",
    ) -> Pending[bool]:
        request = requesting.nak(delivery, delay, counts, reason)
        return self.add(request, replies.changed, delivery)

    def term(self, delivery: Held, reason: str) -> Pending[bool]:
        return self.add(requesting.term(delivery, reason), replies.changed, delivery)

    def reply(self, delivery: Held, body: Any, **options: Any) -> Pending[Receipt]:
        """Answers the sender and acks; takes the options of `Delivery.reply`."""
        answer = self.add(requesting.reply(delivery, body, **options), replies.receipt)
        self.ack(delivery)
        return answer

    @property
    def results(self) -> list[Any]:
        """What each request brought about, in order. Raises IllegalState before the commit."""
        return [pending.result for pending in self._pending]

    def add(
        self, request: Request, read: Callable[[AnyReply], T], held: Held | None = None
    ) -> Pending[T]:
        """Puts any request that mutates into the frame; the other methods are made of this."""
        if self._over:
            raise IllegalState("this atomic frame is over: open another one with bus.atomic()")
        pending = Pending(request, read, held)
        self._pending.append(pending)
        return pending

    async def commit(self) -> None:
        """Sends the frame. Raises BusError, and then nothing was done."""
        self._over = True
        if not self._pending:
            return
        answers = await self._transport.atomic([pending.request for pending in self._pending])
        if faults := [answer for answer in answers if isinstance(answer, Fault)]:
            raise error_of(faults[0])
        for pending, answer in zip(self._pending, answers, strict=True):
            if not isinstance(answer, Fault):
                pending.fulfil(answer)

    def abandon(self) -> None:
        """Sends nothing, now or later."""
        self._over = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.commit()
        else:
            self.abandon()
