"""Who may do what: rules of the settings against the user that the kernel says is at the other end.

The daemon's own user and root may do everything: the operator cannot be locked out. Anybody else may
do what some rule for one of their names or groups says, and nothing without one. Decisions are pure;
each says why, for the log and for `botbus policy check`.
"""

import grp
import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from msgspec import Struct, field

Act = Literal[
    "act", "send", "publish", "subscribe", "read", "configure", "reveal", "work", "administer"
]
ACTS: tuple[Act, ...] = get_args(Act)


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[policy]]` table of the settings. Names are patterns with `*` and `?`."""

    users: list[str | int] = field(default_factory=list)
    """Names or numbers of users; `*` for anybody."""
    groups: list[str | int] = field(default_factory=list)
    """Names or numbers of groups."""
    bots: list[str] = field(default_factory=list)
    """Bots they may act as."""
    send: list[str] = field(default_factory=list)
    """Bots these may send to and ask."""
    publish: list[str] = field(default_factory=list)
    """Channels these may create and publish to."""
    subscribe: list[str] = field(default_factory=list)
    """Channels these may subscribe to."""
    read: list[str] = field(default_factory=list)
    """Channels whose messages these may look at without a subscription."""
    configure: list[str] = field(default_factory=list)
    """Keys of configurations that these may set and unset."""
    reveal: list[str] = field(default_factory=list)
    """Keys of secrets whose values these may get, and compare with another when they set them."""
    work: bool = False
    """Whether these may start, work on and decide about runs of workflows, and keep the records of
    work: workstreams, sessions, tasks, tool executions."""
    administer: bool = False
    """Whether they may look at everything and take care of others' things."""


class User(NamedTuple):
    """Somebody, with all their names."""

    uid: int | None
    names: frozenset[str | int]
    groups: frozenset[str | int]


class Decision(NamedTuple):
    allowed: bool
    why: str


class Policy:
    """The rules in force."""

    def __init__(self, rules: list[Rule], own_uid: int | None = None) -> None:
        self._rules = rules
        self._trusted = {os.getuid() if own_uid is None else own_uid, 0}

    def trusts(self, uid: int | None) -> bool:
        """Whether a user may do everything."""
        return uid in self._trusted

    def decide(self, user: User, bot: str | None, act: Act, target: str = "") -> Decision:
        """Whether a user, speaking as a bot, may do something to a bot, channel or key."""
        if self.trusts(user.uid):
            return Decision(True, "the daemon's own user and root may do everything")
        rules = [rule for rule in self._rules if _speaks_of(rule, user)]
        if not rules:
            return Decision(False, f"no rule of the policy is for user {user.uid}")
        if any(rule.administer for rule in rules):
            return Decision(True, "a rule lets them administer")
        acting = [rule for rule in rules if bot is not None and _matches(rule.bots, bot)]
        if not acting:
            who = f"act as {bot}" if bot else "come without the name of a bot"
            return Decision(False, f"no rule lets user {user.uid} {who}")
        if act == "act" or any(_permits(rule, act, target) for rule in acting):
            return Decision(True, f"a rule lets them act as {bot} and do that")
        return Decision(False, f"no rule lets {bot} {_WORDS[act]} {target}".rstrip())


_WORDS: Mapping[Act, str] = {
    "act": "speak",
    "send": "send to",
    "publish": "publish to",
    "subscribe": "subscribe to",
    "read": "read",
    "configure": "set",
    "reveal": "get the secret",
    "work": "work on workflows",
    "administer": "administer",
}


def _speaks_of(rule: Rule, user: User) -> bool:
    return "*" in rule.users or bool(
        user.names.intersection(rule.users) or user.groups.intersection(rule.groups)
    )


def _permits(rule: Rule, act: Act, target: str) -> bool:
    if act == "work":
        return rule.work
    patterns = {
        "send": rule.send,
        "publish": rule.publish,
        "subscribe": rule.subscribe,
        "read": rule.read,
        "configure": rule.configure,
        "reveal": rule.reveal,
    }.get(act, [])
    return _matches(patterns, target)


def _matches(patterns: list[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@lru_cache(maxsize=1024)
def user_of(uid: int | None, gid: int | None) -> User:
    """Somebody by number: their name, and all the groups that the system puts them in."""
    names: set[str | int] = {uid} if uid is not None else set()
    gids = {gid} if gid is not None else set()
    with suppress(KeyError):
        entry = pwd.getpwuid(-1 if uid is None else uid)
        names.add(entry.pw_name)
        gids |= set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    groups: set[str | int] = set(gids)
    for number in gids:
        with suppress(KeyError):
            groups.add(grp.getgrgid(number).gr_name)
    return User(uid, frozenset(names), frozenset(groups))
