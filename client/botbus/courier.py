"""Carries one frame at a time over a line, again and again until it is answered.

Every request is idempotent, so a frame that was under way when the connection broke is simply sent
once more, with the same ids; NNG holds it back until there is a daemon again. A daemon that is
stopping is asked again a little later. When the frame's deadline has passed it fails, with a
sentence that tells whether there was nobody, or somebody who did not answer.

Nothing here awaits: a courier moves on in the callback of its line.
"""

from collections.abc import Callable
from time import monotonic

from botbus.errors import BadFrame, BusError, Timeout, Unavailable
from botbus.lines import Broken, Socket
from botbus.parcels import Frame
from botbus_protocol.codec import decode_replies
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.replies import AnyReply

PAUSE = 0.05
"""Seconds before a daemon that is shutting down is asked again."""


class Courier:
    """`home` is called, in the event loop, when it has nothing to carry any more."""

    def __init__(self, socket: Socket, url: str, home: Callable[["Courier"], None]) -> None:
        self._socket = socket
        self._url = url
        self._home = home
        self._line = socket.line(self._returned)
        self._closed = False
        self.frame: Frame | None = None

    def carry(self, frame: Frame) -> None:
        self.frame = frame
        self._go(frame)

    def drop(self) -> None:
        """Nobody waits for the frame any more: comes home without it, a moment later."""
        self.frame = None
        self._line.cancel()

    def close(self, error: BusError) -> None:
        """Ends here; a frame under way fails."""
        self._closed = True
        self._line.close()
        frame, self.frame = self.frame, None
        if frame is not None:
            frame.fail(error)

    def _go(self, frame: Frame) -> None:
        left = frame.deadline - monotonic()
        self._line.send(frame.encode(), max(left, 0.0))

    def _returned(self) -> None:
        if self._closed:
            return
        outcome = self._line.outcome()
        if (frame := self.frame) is None:
            self._home(self)
        elif isinstance(outcome, Broken):
            self._stopped(frame, outcome)
        elif outcome:
            self._answered(frame, outcome)
        else:
            self._go(frame)  # it rested

    def _stopped(self, frame: Frame, why: Broken) -> None:
        if why is Broken.RESET and monotonic() < frame.deadline:
            self._go(frame)
        else:
            self._give_up(frame)

    def _answered(self, frame: Frame, answer: bytes) -> None:
        try:
            replies = decode_replies(answer)
        except Refused as error:
            self._done(frame, error=BadFrame(str(error)))
            return
        if _is_stopping(replies) and monotonic() + PAUSE < frame.deadline:
            self._line.rest(PAUSE)
        else:
            self._done(frame, replies)

    def _give_up(self, frame: Frame) -> None:
        if self._socket.connected:
            error: BusError = Timeout(
                f"the daemon at {self._url} did not answer in time: is it very busy?"
            )
        else:
            error = Unavailable(
                f"the daemon at {self._url} went away and has not come back in time: "
                "start it with `botbus serve`"
            )
        self._done(frame, error=error)

    def _done(
        self,
        frame: Frame,
        replies: list[AnyReply | Fault] | None = None,
        *,
        error: BusError | None = None,
    ) -> None:
        self.frame = None
        if replies is not None:
            frame.answer(replies)
        elif error is not None:
            frame.fail(error)
        self._home(self)


def _is_stopping(replies: list[AnyReply | Fault]) -> bool:
    if Fault not in map(type, replies):
        return False
    return any(isinstance(r, Fault) and r.code == Code.SHUTTING_DOWN for r in replies)
