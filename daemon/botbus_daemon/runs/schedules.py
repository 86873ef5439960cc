"""Starts runs by the clock.

When a schedule fires next is in its row; here there is one alarm for the earliest. To fire is to make
a run and to move the schedule on in one transaction, under a key that names schedule and time: it
happens once, whatever happens in between.
"""

import logging
import time
from typing import TYPE_CHECKING

from botbus_daemon.runs.cron import Clockwork, Firing, firing
from botbus_daemon.runs.errand import Errand
from botbus_protocol import bodies, timestamps
from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Schedule
from botbus_storage.operations import Changed
from botbus_storage.workflow_operations import CreatedRun, CreateRun, MoveSchedule

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker
    from botbus_daemon.runs.room import Runs

logger = logging.getLogger(__name__)

GRACE = 60.0
"""Seconds; a daemon that is later than this, with a machine that slept, has missed a time."""
PAGE = 100
DAY = 86400.0


class Schedules:
    def __init__(self, broker: "Broker", runs: "Runs") -> None:
        self._broker = broker
        self._runs = runs
        self.errand = Errand(self.fire_due, time.time)
        self._missed_before = timestamps.from_epoch(time.time())
        """Nobody was there to fire what was due before this."""

    async def fire_due(self) -> str | None:
        """Fires what is due now; when a schedule fires next."""
        while True:
            page = await self._broker.store.definitions.next_schedules(PAGE)
            due = [schedule for schedule in page if schedule.next_at <= self._now()]
            if not due:
                return page[0].next_at if page else None
            for schedule in due:
                await self._fire(schedule)

    async def _fire(self, schedule: Schedule) -> None:
        """Starts the run that is due, or lets go of what was missed; in both cases moves it on."""
        step = self._step(schedule)
        if step.at is not None:
            try:
                await self._runs.do(await self._run_of(schedule, step), CreatedRun)
            except Refused as refusal:
                logger.warning("schedule %s started no run: %s", schedule.id, refusal)
            else:
                return
        await self._runs.do(MoveSchedule(id=schedule.id, next_at=step.next_at), Changed)

    def _step(self, schedule: Schedule) -> Firing:
        now = self._now()
        late = timestamps.from_epoch(time.time() - GRACE)
        missed_before = max(self._missed_before, late)
        try:
            clockwork = Clockwork(schedule.cron, schedule.timezone)
            step = firing(clockwork, schedule.catch_up, schedule.next_at, now, missed_before)
        except ValueError as error:  # the tz database has changed
            logger.warning("schedule %s is put off for a day: %s", schedule.id, error)
            step = None
        return step or Firing(None, timestamps.from_epoch(time.time() + DAY))

    async def _run_of(self, schedule: Schedule, step: Firing) -> CreateRun:
        bot = await self._broker.store.directory.find_bot(schedule.created_by)
        return CreateRun(
            id=new_id(),
            workflow=schedule.workflow_id,
            bot_id=bot.id if bot is not None else schedule.created_by,
            input=None if schedule.input is None else bodies.to_json(schedule.input),
            key=f"schedule:{schedule.id}:{step.at}",
            trigger_type="schedule",
            schedule=schedule.id,
            schedule_at=step.at,
            schedule_next_at=step.next_at,
        )

    def _now(self) -> str:
        return timestamps.from_epoch(time.time())
