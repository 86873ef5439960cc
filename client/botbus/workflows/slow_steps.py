"""Tells the daemon of steps that take longer than a moment, so that people see what is running.

A step that is done within the moment is told of once, when it is done: that is what makes short steps
cheap. One alarm watches over all steps of a worker.
"""

from time import monotonic

from botbus.lines import Alarm, new_alarm
from botbus.transport import Transport
from botbus.workflows.grip import Grip
from botbus_protocol.requests import BeginStep

MOMENT = 0.05
"""Seconds."""


class SlowSteps:
    def __init__(self, transport: Transport) -> None:
        self._loop = transport.loop
        self._running: dict[tuple[Grip, str], float] = {}
        self._alarm: Alarm | None = None
        self._closed = False

    def began(self, grip: Grip, step: str, now: float) -> None:
        self._running[grip, step] = now
        if self._alarm is None or not self._alarm.is_set:
            self._set_alarm()

    def ended(self, grip: Grip, step: str) -> None:
        self._running.pop((grip, step), None)

    def close(self) -> None:
        self._closed = True
        if self._alarm is not None:
            self._alarm.close()

    def _set_alarm(self) -> None:
        if self._closed:
            return
        if self._alarm is None:
            self._alarm = new_alarm(self._loop, self._look)
        self._alarm.set(MOMENT)

    def _look(self) -> None:
        now = monotonic()
        slow = [key for key, began in self._running.items() if now - began >= MOMENT]
        for grip, step in slow:
            began = self._running.pop((grip, step))
            if not grip.over:
                told = BeginStep(run=grip.run, step=step, lease=grip.lease, elapsed=now - began)
                grip.post(told)
        if self._running:
            self._set_alarm()
