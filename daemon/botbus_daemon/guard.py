"""Stands before the handlers and lets through what the policy allows.

Whom the policy trusts is not looked at twice; what anybody else asks for is decided request by request.
A denial is logged, counted, and told with what would have been needed.
"""

import logging

from botbus_daemon.needs import need_of
from botbus_daemon.policy import Act, Policy, User, user_of
from botbus_daemon.presence import Connection, Peer
from botbus_protocol.errors import Code, Refused
from botbus_protocol.requests import Request

logger = logging.getLogger(__name__)


class Guard:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.denials = 0

    def follow(self, policy: Policy) -> None:
        """From now on this policy holds, and who is in which group is asked again."""
        self._policy = policy
        user_of.cache_clear()

    def trusts(self, connection: Connection) -> bool:
        return self._policy.trusts(connection.peer.uid)

    def check_bot(self, connection: Connection, bot: str | None) -> None:
        """Whether a connection may speak as a bot at all. Raises Refused."""
        self._check(connection.peer, bot, "act", "")

    def check(self, connection: Connection, bot: str | None, request: Request) -> None:
        """Whether a bot may do what it asks for. Raises Refused."""
        self._check(connection.peer, bot, *need_of(bot, request))

    def require(self, connection: Connection, bot: str | None, act: Act, target: str) -> None:
        """Whether a bot may do what only turns out to be needed on the way. Raises Refused."""
        self._check(connection.peer, bot, act, target)

    def allows(self, connection: Connection, bot: str | None, act: Act, target: str) -> bool:
        """Whether a bot could do something that it has not asked for: no is no denial."""
        peer = connection.peer
        return self._policy.decide(user_of(peer.uid, peer.gid), bot, act, target).allowed

    def _check(self, peer: Peer, bot: str | None, act: Act, target: str) -> None:
        user: User = user_of(peer.uid, peer.gid)
        decision = self._policy.decide(user, bot, act, target)
        if decision.allowed:
            return
        self.denials += 1
        # Of a process that has gone meanwhile the kernel says nothing: that is no stranger to warn of.
        level = logging.DEBUG if peer.uid is None else logging.WARNING
        logger.log(level, "denied to uid %s, pid %s: %s", peer.uid, peer.pid, decision.why)
        raise Refused(
            Code.DENIED,
            f"{decision.why}: the operator can allow it in the policy of the settings",
            act=act,
            target=target,
        )
