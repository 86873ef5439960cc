"""Who may do what, decided from the rules alone."""

import os

import pytest

from botbus_daemon.needs import NEEDS, need_of
from botbus_daemon.policy import Policy, Rule, User, user_of
from botbus_protocol import requests
from botbus_protocol.codec import OPS

OWN = 900
ALICE = User(1001, frozenset({1001, "alice"}), frozenset({50, "bots"}))
BOB = User(1002, frozenset({1002, "bob"}), frozenset({60, "staff"}))
RULES = [
    Rule(users=["alice"], bots=["ci-*"], send=["planner"], publish=["builds.*"], read=["builds.*"]),
    Rule(groups=["staff"], bots=["dash"], subscribe=["*"]),
    Rule(groups=["staff"], bots=["ops"], work=True),
]


@pytest.fixture
def policy() -> Policy:
    return Policy(RULES, OWN)


@pytest.mark.parametrize(
    ("user", "bot", "act", "target", "allowed"),
    [
        (ALICE, "ci-1", "act", "", True),
        (ALICE, "planner", "act", "", False),
        (ALICE, None, "act", "", False),
        (ALICE, "ci-1", "send", "planner", True),
        (ALICE, "ci-1", "send", "coder", False),
        (ALICE, "ci-1", "publish", "builds.main", True),
        (ALICE, "ci-1", "publish", "releases", False),
        (ALICE, "ci-1", "subscribe", "builds.main", False),
        (ALICE, "ci-1", "read", "builds.main", True),
        (ALICE, "ci-1", "work", "", False),
        (ALICE, "ci-1", "administer", "", False),
        (BOB, "dash", "subscribe", "anything", True),
        (BOB, "dash", "work", "", False),  # that right belongs to another bot
        (BOB, "ops", "work", "", True),
        (User(1003, frozenset({1003}), frozenset()), "ci-1", "act", "", False),
    ],
)
def test_a_rule_gives_what_it_says_and_no_more(
    policy: Policy, user: User, bot: str | None, act: str, target: str, *, allowed: bool
) -> None:
    decision = policy.decide(user, bot, act, target)  # type: ignore[arg-type]  # as a table reads
    assert decision.allowed is allowed, decision.why


@pytest.mark.parametrize("uid", [OWN, 0])
def test_the_daemons_own_user_and_root_may_do_everything(uid: int) -> None:
    someone = User(uid, frozenset({uid}), frozenset())
    assert Policy([], OWN).decide(someone, None, "administer").allowed


def test_without_rules_nobody_else_may_do_anything() -> None:
    decision = Policy([], OWN).decide(ALICE, "ci-1", "act")
    assert decision == (False, "no rule of the policy is for user 1001")


def test_who_administers_needs_no_other_right() -> None:
    policy = Policy([Rule(users=[1001], administer=True)], OWN)
    assert policy.decide(ALICE, None, "read", "builds").allowed


def test_a_rule_for_anybody_is_for_anybody() -> None:
    policy = Policy([Rule(users=["*"], bots=["guest"], send=["desk"])], OWN)
    assert policy.decide(BOB, "guest", "send", "desk").allowed


def test_a_user_is_known_by_number_and_name_and_by_all_groups() -> None:
    me = user_of(os.getuid(), os.getgid())
    assert os.getuid() in me.names
    assert os.getgid() in me.groups
    assert user_of(4_000_000_000, None).names == {4_000_000_000}


def test_a_bot_may_not_look_at_what_lies_between_others() -> None:
    def of(request: requests.Request) -> str:
        return need_of("planner", request)[0]

    assert of(requests.History(between=("planner", "coder"))) == "act"
    assert of(requests.History(between=("tester", "coder"))) == "administer"
    assert of(requests.History(channel="builds")) == "read"
    assert of(requests.Tail()) == "administer"
    assert of(requests.Tail(bot="planner")) == "act"
    assert of(requests.Tail(bot="coder")) == "administer"
    assert of(requests.ListDead(bot="planner")) == "act"
    assert of(requests.ListDead()) == "administer"
    assert of(requests.ReplayDead(bot="coder")) == "administer"


def test_figures_are_read_by_the_name_that_no_channel_has() -> None:
    assert need_of("planner", requests.Stats()) == ("read", "botbus.stats")
    rule = Rule(users=["*"], bots=["*"], read=["botbus.stats"])
    assert Policy([rule], OWN).decide(BOB, "watcher", "read", "botbus.stats").allowed
    assert not Policy([rule], OWN).decide(BOB, "watcher", "read", "news").allowed


def test_what_no_table_names_is_for_administrators() -> None:
    assert set(OPS.values()) - set(NEEDS) == {  # as docs/policy.md says
        requests.ShowMessage,
        requests.ListConnections,
        requests.GetConnection,
        requests.SaveSchedule,
        requests.DeleteSchedule,
        requests.DeleteDefinition,
        requests.DeleteTask,
        requests.DeleteWorkstream,
    }
    shown = requests.ShowMessage(id="01900000-0000-7000-8000-000000000000")
    assert need_of("planner", shown) == ("administer", "")
