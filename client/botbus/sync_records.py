"""The groups of methods about the records that bots share, blocking."""

from botbus.blocking import Blocking, Portal, Twin, same, twin
from botbus.configurations import ConfigurationGroup, Watching
from botbus.connections import ConnectionGroup
from botbus.sync_stream import SyncStream
from botbus.tasks import TaskGroup
from botbus.tool_executions import ToolExecutionGroup
from botbus.workstreams import SessionGroup, WorkstreamGroup
from botbus_protocol.records import Message


def watching(original: Watching, portal: Portal) -> SyncStream[Message]:
    return SyncStream(original, portal, same)


class SyncWorkstreams(Blocking):
    """`bus.workstreams`, see `WorkstreamGroup`."""

    create = twin(WorkstreamGroup.create)
    get = twin(WorkstreamGroup.get)
    update = twin(WorkstreamGroup.update)
    delete = twin(WorkstreamGroup.delete)
    set_tags = twin(WorkstreamGroup.set_tags)
    get_tags = twin(WorkstreamGroup.get_tags)
    ensure_scratch = twin(WorkstreamGroup.ensure_scratch)
    list = twin(WorkstreamGroup.list)


class SyncSessions(Blocking):
    """`bus.sessions`, see `SessionGroup`."""

    create = twin(SessionGroup.create)
    get = twin(SessionGroup.get)
    end = twin(SessionGroup.end)
    update = twin(SessionGroup.update)
    messages = twin(SessionGroup.messages)
    list = twin(SessionGroup.list)


class SyncTasks(Blocking):
    """`bus.tasks`, see `TaskGroup`."""

    create = twin(TaskGroup.create)
    get = twin(TaskGroup.get)
    update = twin(TaskGroup.update)
    update_status = twin(TaskGroup.update_status)
    start = twin(TaskGroup.start)
    complete = twin(TaskGroup.complete)
    fail = twin(TaskGroup.fail)
    cancel = twin(TaskGroup.cancel)
    retry = twin(TaskGroup.retry)
    delete = twin(TaskGroup.delete)
    list = twin(TaskGroup.list)
    add_to_workflow = twin(TaskGroup.add_to_workflow)
    remove_from_workflow = twin(TaskGroup.remove_from_workflow)
    reorder = twin(TaskGroup.reorder)
    of_workflow = twin(TaskGroup.of_workflow)
    workflows_of = twin(TaskGroup.workflows_of)


class SyncToolExecutions(Blocking):
    """`bus.tool_executions`, see `ToolExecutionGroup`."""

    start = twin(ToolExecutionGroup.start)
    finish = twin(ToolExecutionGroup.finish)
    get = twin(ToolExecutionGroup.get)
    list = twin(ToolExecutionGroup.list)


class SyncConnections(Blocking):
    """`bus.connections`, see `ConnectionGroup`."""

    register = twin(ConnectionGroup.register)
    heartbeat = twin(ConnectionGroup.heartbeat)
    close = twin(ConnectionGroup.close)
    get = twin(ConnectionGroup.get)
    list = twin(ConnectionGroup.list)


class SyncConfigurations(Blocking):
    """`bus.configurations`, see `ConfigurationGroup`."""

    set = twin(ConfigurationGroup.set)
    get = twin(ConfigurationGroup.get)
    unset = twin(ConfigurationGroup.unset)
    list = twin(ConfigurationGroup.list)
    watch = Twin(ConfigurationGroup.watch, watching)
