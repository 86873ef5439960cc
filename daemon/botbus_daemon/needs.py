"""What each request needs to be allowed: an act of the policy, and the bot or channel it is done to.

A table over all requests; what it does not name needs the right to administer, so that a request added
tomorrow is denied to strangers until somebody has thought about it.
"""

from collections.abc import Callable
from typing import Any

from botbus_daemon.policy import Act
from botbus_protocol import requests
from botbus_protocol.requests import Request
from botbus_protocol.run_events import SYSTEM_PREFIX

Need = tuple[Act, str]
OWN: Need = ("act", "")
"""It concerns only the bot that speaks, or what everybody may know."""
ADMINISTER: Need = ("administer", "")
WORK: Need = ("work", "")
STATS = f"{SYSTEM_PREFIX}stats"
"""What a rule names to let a bot read the daemon's figures; no channel has that name."""


def _own(_: str | None, __: Request) -> Need:
    return OWN


def _work(_: str | None, __: Request) -> Need:
    return WORK


def _of_bot(bot: str | None, request: Any) -> Need:
    """Of the bot it names; of the one that speaks if it names none."""
    return OWN if request.bot in (None, bot) else ADMINISTER


def _history(bot: str | None, request: requests.History) -> Need:
    if request.channel is not None:
        return "read", request.channel
    return OWN if request.between and bot in request.between else ADMINISTER


def _tail(bot: str | None, request: requests.Tail) -> Need:
    if request.channel is not None:
        return "read", request.channel
    return OWN if bot is not None and request.bot == bot else ADMINISTER


NEEDS: dict[type[Request], Callable[[str | None, Any], Need]] = {
    requests.Hello: _own,
    requests.ListBots: _own,
    requests.Stats: lambda _, __: ("read", STATS),
    requests.Send: lambda _, request: ("send", request.to),
    requests.Ask: lambda _, request: ("send", request.to),
    requests.Publish: lambda _, request: ("publish", request.channel),
    requests.Recall: _own,
    requests.Fetch: _own,
    requests.CancelFetch: _own,
    requests.Peek: _own,
    requests.Ack: _own,
    requests.Nak: _own,
    requests.Extend: _own,
    requests.Term: _own,
    requests.CreateChannel: lambda _, request: ("publish", request.name),
    requests.ListChannels: _own,
    requests.GetChannel: _own,
    requests.Subscribe: lambda _, request: ("subscribe", request.channel),
    requests.Unsubscribe: _own,
    requests.ListSubscriptions: _of_bot,
    requests.ListSubscribers: _own,
    requests.History: _history,
    requests.Tail: _tail,
    requests.ReplayDead: _of_bot,
    requests.DropDead: _of_bot,
    requests.ListDead: lambda bot, request: OWN if request.bot == bot else ADMINISTER,
    requests.GetDefinition: _work,
    requests.GetDefinitionByName: _work,
    requests.ListDefinitions: _work,
    requests.ListSchedules: _work,
    requests.CreateRun: _work,
    requests.GetRun: _work,
    requests.ListRuns: _work,
    requests.ListCrashedRuns: _work,
    requests.ExplainRun: _work,
    requests.RetryRun: _work,
    requests.WaitRun: _work,
    requests.ClaimRuns: _work,
    requests.CancelClaim: _work,
    requests.ExtendRuns: _work,
    requests.SuspendRun: _work,
    requests.UpdateRunStatus: _work,
    requests.BeginStep: _work,
    requests.CompleteStep: _work,
    requests.FailStep: _work,
    requests.CreateStepLog: _work,
    requests.UpdateStepStatus: _work,
    requests.ListStepLogs: _work,
    requests.GetCompletedStepIds: _work,
    requests.DecideStep: _work,
    requests.SaveDefinition: lambda _, request: WORK if request.owner_type == "bot" else ADMINISTER,
    requests.CreateWorkstream: _work,
    requests.GetWorkstream: _work,
    requests.ListWorkstreams: _work,
    requests.UpdateWorkstream: _work,
    requests.SetTags: _work,
    requests.GetTags: _work,
    requests.EnsureScratch: _work,
    requests.CreateSession: _work,
    requests.GetSession: _work,
    requests.ListSessions: _work,
    requests.UpdateSession: _work,
    requests.EndSession: _work,
    requests.CreateTask: _work,
    requests.GetTask: _work,
    requests.ListTasks: _work,
    requests.UpdateTask: _work,
    requests.UpdateTaskStatus: _work,
    requests.AddWorkflowTask: _work,
    requests.RemoveWorkflowTask: _work,
    requests.ReorderWorkflowTasks: _work,
    requests.ListWorkflowTasks: _work,
    requests.StartToolExecution: _work,
    requests.FinishToolExecution: _work,
    requests.GetToolExecution: _work,
    requests.ListToolExecutions: _work,
    requests.RegisterConnection: _own,
    requests.HeartbeatConnection: _own,
    requests.CloseConnection: _own,
    requests.SetConfiguration: lambda _, request: ("configure", request.key),
    requests.UnsetConfiguration: lambda _, request: ("configure", request.key),
    requests.GetConfiguration: _own,  # a secret needs more, once it is known for one
    requests.ListConfigurations: _own,
}


def need_of(bot: str | None, request: Request) -> Need:
    """What a request of a bot needs; None for one who only watches."""
    known = NEEDS.get(type(request))
    return ADMINISTER if known is None else known(bot, request)
