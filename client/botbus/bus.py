"""The bus as a bot sees it: one connection under one name.

The methods lie in groups by what they are about: talk, mailbox, channels. What is here concerns the
connection itself, and who else is there.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from botbus.atomic import AtomicFrame
from botbus.background import Background
from botbus.channels import ChannelRoom
from botbus.configurations import ConfigurationGroup
from botbus.connections import ConnectionGroup
from botbus.definitions import WorkflowGroup
from botbus.errors import Denied, Invalid
from botbus.mailbox import Mailbox
from botbus.opening import Opening
from botbus.requesting import checked
from botbus.room import EVERYTHING
from botbus.runs import RunGroup
from botbus.steps import StepGroup
from botbus.talk import Talk
from botbus.tasks import TaskGroup
from botbus.tool_executions import ToolExecutionGroup
from botbus.transport import Transport
from botbus.workflows.working import Working
from botbus.workstreams import SessionGroup, WorkstreamGroup
from botbus_protocol.grammar import check_name
from botbus_protocol.limits import Limits
from botbus_protocol.locations import SYSTEM_CONFIG, client_url, config_file, url_in, user_socket
from botbus_protocol.records import Bot
from botbus_protocol.replies import Bots, Figures, Welcome
from botbus_protocol.requests import ListBots, Stats


class Bus(Talk, Mailbox, ChannelRoom, Working):
    """Made by `botbus.connect`. Every method raises BusError if it cannot do what it says."""

    @property
    def name(self) -> str | None:
        """The name of this bot; None for one who only watches."""
        return self._transport.bot

    @property
    def url(self) -> str:
        return self._transport.url

    @property
    def limits(self) -> Limits:
        """What the daemon takes at once, as it told at the last connection."""
        return self._transport.limits

    @property
    def boot(self) -> int:
        """How often the daemon's database has been served; a new number after each restart."""
        return self._transport.boot

    @property
    def workflows(self) -> WorkflowGroup:
        """Definitions of workflows and their schedules."""
        return WorkflowGroup(self._transport)

    @property
    def runs(self) -> RunGroup:
        """Runs of workflows."""
        return RunGroup(self._transport)

    @property
    def steps(self) -> StepGroup:
        """Checkpoints of runs, for workers that keep their own order of steps."""
        return StepGroup(self._transport)

    @property
    def workstreams(self) -> WorkstreamGroup:
        """Lines of work, with their tags."""
        return WorkstreamGroup(self._transport)

    @property
    def sessions(self) -> SessionGroup:
        """The conversations held in workstreams."""
        return SessionGroup(self._transport)

    @property
    def tasks(self) -> TaskGroup:
        """What is to be done, and its place in workflows."""
        return TaskGroup(self._transport)

    @property
    def tool_executions(self) -> ToolExecutionGroup:
        """The log of what tools were called with."""
        return ToolExecutionGroup(self._transport)

    @property
    def connections(self) -> ConnectionGroup:
        """Who is and was connected."""
        return ConnectionGroup(self._transport)

    @property
    def configurations(self) -> ConfigurationGroup:
        """Typed settings that bots share."""
        return ConfigurationGroup(self._transport)

    def atomic(self) -> AtomicFrame:
        """`async with bus.atomic() as frame:` collects requests that are done together or not."""
        return AtomicFrame(self._transport)

    async def hello(self) -> Welcome:
        """Says who is here; told in return: the daemon's version, limits and start number."""
        return await self._transport.hello()

    async def bots(self, connected: bool = False, limit: int = EVERYTHING) -> list[Bot]:
        """All bots that were ever seen or sent to, or only those that are connected now."""

        async def page(after: str, want: int) -> list[Bot]:
            request = checked(ListBots, after=after, limit=want, connected=connected)
            return (await self._transport.call(request, Bots)).bots

        return await self._paged(limit, "", page, lambda bot: bot.name)

    async def stats(self, mailboxes: int = 20) -> Figures:
        """The figures of the daemon, with the fullest `mailboxes`. Times are in seconds."""
        return await self._transport.call(checked(Stats, mailboxes=mailboxes), Figures)


def connect(
    name: str | None = None, *, url: str | None = None, timeout: float = 10.0
) -> Opening[Bus]:
    """Connects to the daemon as the bot `name`, or as one who only watches.

    `url` is by default that of `BOTBUS_URL`, the user's own daemon, or the system's. `timeout` is
    how many seconds a request may take, restarts of the daemon included. Raises Unavailable if
    there is no daemon, and Invalid for what is no name, when it is entered.
    """
    return Opening(_connected(name, url, timeout))


@asynccontextmanager
async def _connected(name: str | None, url: str | None, timeout: float) -> AsyncIterator[Bus]:
    transport = Transport(checked_name(name), url or default_url(), checked_timeout(timeout))
    try:
        await transport.open()
        async with Background() as background:
            yield Bus(transport, background)
    finally:
        await transport.close()


def checked_name(name: str | None) -> str | None:
    try:
        return None if name is None else check_name(name, "bot")
    except ValueError as error:
        raise Invalid(str(error)) from None
    except TypeError:
        raise Invalid(f"bot {name!r} is not a name: give text, or None to only watch") from None


def checked_timeout(timeout: Any) -> float:
    if isinstance(timeout, int | float) and timeout > 0:
        return float(timeout)
    raise Invalid(f"timeout must be a number of seconds above 0, not {timeout!r}")


def default_url() -> str:
    """Where a daemon is looked for. Raises Denied if it could be a stranger's."""
    env, uid, exists = (
        os.environ,
        os.getuid(),
        os.path.exists,
    )  # Path.exists raises if it may not look
    url = client_url(env, uid, exists, url_in(_settings()), url_in(SYSTEM_CONFIG))
    folder = user_socket(env, uid).parent
    if url == f"ipc://{user_socket(env, uid)}" and exists(folder):
        owner = folder.stat().st_uid
        if owner not in {uid, 0}:
            raise Denied(f"{folder} belongs to user {owner}, who may listen there: set BOTBUS_URL")
    return url


def _settings() -> Path:
    try:
        return config_file(os.environ, Path.home())
    except RuntimeError:  # a user without a home
        return SYSTEM_CONFIG
