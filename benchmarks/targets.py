"""What the figures are held to.

A target is a quotient of figures of one run, so that it means the same on every machine, or a plain
bound where the product promises one. Missing one does not fail the run: the table says by how much.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Literal

from msgspec import Struct

from benchmarks.figures import Figures

Look = Callable[[str], float]


class Missing(Exception):  # noqa: N818 - what happened, not what is wrong
    """A figure was not measured in this run."""


class Target(Struct, frozen=True):
    title: str
    relation: Literal["at least", "at most"]
    bound: float
    unit: str
    value: Callable[[Look], float]


class Verdict(Struct, frozen=True):
    title: str
    relation: str
    bound: float
    unit: str
    value: float | None
    """None if what it needs was not measured."""
    met: bool | None
    margin: float | None
    """Value divided by bound."""


def all_idle(look: Look, name: str) -> float:
    """A figure of the idle bots, if they were as many as promised."""
    if look("idle.bots.count") < PROMISED_BOTS:
        raise Missing(name)
    return look(name)


def much(look: Look, name: str, count: str, promised: int) -> float:
    """A figure of a large database, if there was as much in it as promised."""
    if look(count) < promised:
        raise Missing(name)
    return look(name)


def all_interrupted(look: Look, name: str) -> float:
    """A figure of a start after a crash, if the runs were as many as promised."""
    if look("interrupted.runs.count") < PROMISED_RUNS:
        raise Missing(name)
    return look(name)


PROMISED_BOTS = 2000
PROMISED_RUNS = 10_000
PROMISED_MESSAGES = 10_000_000
PROMISED_TASKS = 1_000_000

TARGETS = (
    Target(
        "64 in flight / floor at 64 rows a commit",
        "at least",
        0.45,
        "",
        lambda f: f("send.64.rate") / f("floor.direct.64.rate"),
    ),
    Target(
        "1,024 in flight / floor at 1,024 rows a commit",
        "at least",
        0.50,
        "",
        lambda f: f("send.1024.rate") / f("floor.direct.1024.rate"),
    ),
    Target(
        "1,024 in flight / floor at 512 rows a commit",
        "at least",
        0.60,
        "",
        lambda f: f("send.1024.rate") / f("floor.direct.512.rate"),
    ),
    Target(
        "one at a time, p50 / (3 single commits + 1 NNG round trip)",
        "at most",
        1.0,
        "",
        lambda f: f("send.1.p50") / (3 * f("floor.direct.1.p50") + f("nng.p50")),
    ),
    Target(
        "publish to delivery, p50",
        "at most",
        1000,
        "µs",
        lambda f: f("delivery.p50"),
    ),
    Target(
        "publish to 100 subscribers that are away / to 1, time a message",
        "at most",
        1.5,
        "",
        lambda f: f("absent.1.rate") / f("absent.100.rate"),
    ),
    Target(
        "daemon with 2,000 idle bots, memory",
        "at most",
        200,
        "MB",
        lambda f: all_idle(f, "idle.after.rss"),
    ),
    Target(
        "daemon with 2,000 idle bots, processor time of 10 s",
        "at most",
        0.1,
        "s",
        lambda f: all_idle(f, "idle.quiet.busy"),
    ),
    Target(
        "start to ready, empty database",
        "at most",
        500,
        "ms",
        lambda f: f("start.empty.ready"),
    ),
    Target(
        "start to ready, 1 GB",
        "at most",
        500,
        "ms",
        lambda f: f("start.large.ready"),
    ),
    Target(
        "64 in flight, empty database / 1 GB, time a message",
        "at most",
        1.2,
        "",
        lambda f: f("send.64.rate") / f("large.send.64.rate"),
    ),
    Target(
        "64 in flight, empty database / 10 million messages, time a message",
        "at most",
        1.2,
        "",
        lambda f: (
            f("send.64.rate")
            / much(f, "stored.send.64.rate", "stored.messages.count", PROMISED_MESSAGES)
        ),
    ),
    Target(
        "a page of 100 tasks of a million, p50",
        "at most",
        5000,
        "µs",
        lambda f: much(f, "listed.tasks.p50", "listed.tasks.count", PROMISED_TASKS),
    ),
    Target(
        "64 in flight / NATS JetStream",
        "at least",
        6.0,
        "",
        lambda f: f("send.64.rate") / f("nats.64.rate"),
    ),
    Target(
        "one at a time, p50 / NATS JetStream",
        "at most",
        1.0,
        "",
        lambda f: f("send.1.p50") / f("nats.1.p50"),
    ),
    Target(
        "64 publishers in flight / 64 publishers of Redis Streams",
        "at least",
        2.0,
        "",
        # Like with like: a pipeline is one publisher that hands over 64 messages at once.
        lambda f: f("send.64.rate") / f("redis.64.tasks.rate"),
    ),
    Target(
        "publish to delivery, p50 / Redis Streams",
        "at most",
        1.0,
        "",
        lambda f: f("delivery.p50") / f("redis.delivery.p50"),
    ),
    Target(
        "async steps, one run after another / DBOS",
        "at least",
        4.0,
        "",
        # Like with like: our steps are async, too.
        lambda f: f("steps.1.rate") / f("dbos.steps.1.async.rate"),
    ),
    Target(
        "async steps, 16 runs at once / DBOS",
        "at least",
        20.0,
        "",
        lambda f: f("steps.16.rate") / f("dbos.steps.16.async.rate"),
    ),
    Target(
        "steps, 16 runs at once",
        "at least",
        10_000,
        "/s",
        lambda f: f("steps.16.rate"),
    ),
    Target(
        "worker killed to its step begun elsewhere, p50",
        "at most",
        100_000,
        "µs",
        lambda f: f("takeover.p50"),
    ),
    Target(
        "start to ready, 10,000 interrupted runs",
        "at most",
        2000,
        "ms",
        lambda f: all_interrupted(f, "start.runs.ready"),
    ),
)


def judge(figures: Figures) -> list[Verdict]:
    """By the median over the rounds, in each of which a disturbance hits both sides of a quotient."""
    return [_verdict(target, _values(target, figures)) for target in TARGETS]


def _values(target: Target, figures: Figures) -> list[float]:
    """In each round; none if what it needs was not measured."""
    try:
        return [target.value(partial(_look, figures, place)) for place in range(figures.rounds)]
    except Missing:
        return []


def _look(figures: Figures, place: int, name: str) -> float:
    if (value := figures.of_round(name, place)) is None:
        raise Missing(name)
    return value


def _verdict(target: Target, values: list[float]) -> Verdict:
    told = (target.title, target.relation, target.bound, target.unit)
    if not values:
        return Verdict(*told, None, None, None)
    value = median(values)
    met = value >= target.bound if target.relation == "at least" else value <= target.bound
    return Verdict(*told, value, met, value / target.bound)
