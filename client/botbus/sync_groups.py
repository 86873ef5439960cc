"""What hangs on names of the bus, and what its methods return, with methods that block."""

from typing import Any

from botbus.blocking import Blocking, Portal, twin
from botbus.definitions import WorkflowGroup
from botbus.runs import RunGroup
from botbus.steps import StepGroup
from botbus.workflows.handle import RunHandle
from botbus.workflows.worker import Worker


class SyncWorker(Blocking):
    """See `Worker`."""

    original: Worker

    wait = twin(Worker.wait)
    stop = twin(Worker.stop)

    @property
    def running(self) -> list[str]:
        return self.original.running


class SyncRunHandle(Blocking):
    """See `RunHandle`."""

    original: RunHandle[Any]

    def __init__(self, original: RunHandle[Any], portal: Portal) -> None:
        super().__init__(original, portal)
        self.id = original.id
        self.key = original.key
        self.workflow = original.workflow
        self.created = original.created

    get = twin(RunHandle.get)
    status = twin(RunHandle.status)
    result = twin(RunHandle.result)
    cancel = twin(RunHandle.cancel)
    pause = twin(RunHandle.pause)
    resume = twin(RunHandle.resume)
    retry = twin(RunHandle.retry)


class SyncWorkflows(Blocking):
    """`bus.workflows`, see `WorkflowGroup`."""

    save = twin(WorkflowGroup.save)
    get = twin(WorkflowGroup.get)
    of_run = twin(WorkflowGroup.of_run)
    by_name = twin(WorkflowGroup.by_name)
    list = twin(WorkflowGroup.list)
    delete = twin(WorkflowGroup.delete)
    schedule = twin(WorkflowGroup.schedule)
    schedules = twin(WorkflowGroup.schedules)
    unschedule = twin(WorkflowGroup.unschedule)


class SyncRuns(Blocking):
    """`bus.runs`, see `RunGroup`."""

    create = twin(RunGroup.create)
    claim = twin(RunGroup.claim)
    get = twin(RunGroup.get)
    list = twin(RunGroup.list)
    crashed = twin(RunGroup.crashed)
    steps = twin(RunGroup.steps)
    completed_step_ids = twin(RunGroup.completed_step_ids)
    update_status = twin(RunGroup.update_status)
    cancel = twin(RunGroup.cancel)
    pause = twin(RunGroup.pause)
    resume = twin(RunGroup.resume)
    retry = twin(RunGroup.retry)
    approve = twin(RunGroup.approve)
    reject = twin(RunGroup.reject)
    why = twin(RunGroup.why)
    wait = twin(RunGroup.wait)


class SyncSteps(Blocking):
    """`bus.steps`, see `StepGroup`."""

    begin = twin(StepGroup.begin)
    complete = twin(StepGroup.complete)
    fail = twin(StepGroup.fail)
    create_log = twin(StepGroup.create_log)
    update_status = twin(StepGroup.update_status)
    list = twin(StepGroup.list)
