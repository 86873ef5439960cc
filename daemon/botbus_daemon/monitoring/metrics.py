"""The figures in the format of Prometheus. What each metric is called stands here and in operations.md.

The library writes the format; the numbers are those that `stats` tells, read when somebody scrapes.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import accumulate

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from botbus_daemon.broker import Broker
from botbus_daemon.monitoring.overview import overview
from botbus_daemon.monitoring.web import Asked, Page
from botbus_protocol.replies import Figures
from botbus_protocol.timestamps import to_epoch
from botbus_storage.commits import BOUNDS, Commits

MAILBOXES = 100
"""The fullest, which have metrics of their own."""

COUNTERS: list[tuple[str, str, Callable[[Figures], float]]] = [
    ("botbus_denied", "Requests that the policy denied.", lambda f: f.traffic.denied),
    ("botbus_messages", "Messages that were stored.", lambda f: f.traffic.messages),
    ("botbus_deliveries", "Deliveries that were handed out.", lambda f: f.traffic.deliveries),
    ("botbus_steps", "Steps of runs that have ended.", lambda f: f.traffic.steps),
    ("botbus_operations", "Operations that were committed.", lambda f: f.commits.operations),
    ("botbus_commits_failed", "Commits that the disk refused.", lambda f: f.commits.failed),
    ("botbus_retention_messages", "Messages not to be kept.", lambda f: f.retention.messages),
    ("botbus_retention_bytes", "Their bodies and headers.", lambda f: f.retention.bytes),
    (
        "botbus_retention_undelivered",
        "Deliveries that went with them, unsettled.",
        lambda f: f.retention.undelivered,
    ),
    (
        "botbus_retention_dead_letters",
        "Dead letters that went with them.",
        lambda f: f.retention.dead_letters,
    ),
    ("botbus_retention_runs", "Finished runs not to be kept.", lambda f: f.retention.runs),
]
GAUGES: list[tuple[str, str, Callable[[Figures], float]]] = [
    ("botbus_healthy", "1 while /healthz says ok.", lambda f: float(f.unwell is None)),
    ("botbus_boot", "How often this database has been served.", lambda f: f.boot),
    ("botbus_uptime_seconds", "Since the daemon began to serve.", lambda f: f.uptime_seconds),
    ("botbus_connections", "Connections of clients.", lambda f: f.connections),
    ("botbus_bots", "Bots that are connected.", lambda f: f.bots),
    ("botbus_parked_requests", "Requests that wait for something.", lambda f: f.parked),
    ("botbus_in_flight", "Deliveries handed out and not settled.", lambda f: f.in_flight),
    ("botbus_runs_held", "Runs that a worker holds.", lambda f: f.runs_held),
    ("botbus_largest_batch", "Operations in the largest commit.", lambda f: f.commits.largest),
    (
        "botbus_sync_p50_seconds",
        "Half of the newest 1,000 syncs took no longer.",
        lambda f: f.commits.sync_p50_seconds,
    ),
    (
        "botbus_sync_p99_seconds",
        "99 of 100 of them took no longer.",
        lambda f: f.commits.sync_p99_seconds,
    ),
    ("botbus_database_bytes", "The database file.", lambda f: f.storage.database_bytes),
    ("botbus_wal_bytes", "Its write-ahead log.", lambda f: f.storage.wal_bytes),
    ("botbus_disk_free_bytes", "What the disk has left.", lambda f: f.storage.free_bytes),
]
BACKLOG: list[tuple[str, str, Callable[[Figures], float]]] = [
    ("botbus_pending", "Messages that are not settled.", lambda f: f.backlog.pending),
    ("botbus_mailboxes", "Mailboxes with something in them.", lambda f: f.backlog.waiting),
    ("botbus_dead_letters", "Dead letters.", lambda f: f.backlog.dead_letters),
    (
        "botbus_oldest_pending_timestamp_seconds",
        "When the oldest message that is not settled was sent; 0 if there is none.",
        lambda f: _epoch(f.backlog.oldest_at),
    ),
]
"""What is left out while the database cannot be read."""


async def metrics(broker: Broker, asked: Asked) -> Page:
    """The page `/metrics`."""
    figures = await overview(broker, MAILBOXES)
    registry = CollectorRegistry()
    registry.register(Snapshot(figures, broker.store.commits))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(asked.headers.get("accept", ""))
    return Page(HTTPStatus.OK, encode(registry), content_type)


class Snapshot(Collector):
    """Figures of one moment as metrics."""

    def __init__(self, figures: Figures, commits: Commits) -> None:
        self._figures = figures
        self._commits = commits

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        for name, help_, value in COUNTERS:
            yield CounterMetricFamily(name, help_, value=value(figures))
        for name, help_, value in GAUGES:
            yield GaugeMetricFamily(name, help_, value=value(figures))
        yield self._durations()
        traffic = figures.traffic
        yield _by("botbus_requests", "Requests by operation.", "op", traffic.requests)
        yield _by("botbus_refused", "Requests that failed, by error.", "code", traffic.refused)
        yield _by("botbus_limited", "Requests beyond a limit.", "limit", traffic.limited)
        yield InfoMetricFamily("botbus", "What serves.", value={"server": figures.server})
        if figures.backlog.counted_at is not None:
            yield from self._backlog()

    def _durations(self) -> Metric:
        commits = self._commits
        bounds = [*map(str, BOUNDS), "+Inf"]
        counts = accumulate(map(float, commits.buckets))
        return HistogramMetricFamily(
            "botbus_commit_seconds",
            "How long commits take.",
            buckets=list(zip(bounds, counts, strict=True)),
            sum_value=commits.seconds,
        )

    def _backlog(self) -> Iterator[Metric]:
        figures = self._figures
        for name, help_, value in BACKLOG:
            yield GaugeMetricFamily(name, help_, value=value(figures))
        runs = GaugeMetricFamily("botbus_runs", "Runs by status.", labels=["status"])
        for status, count in figures.backlog.runs.items():
            runs.add_metric([status], count)
        yield runs
        yield from self._mailboxes()

    def _mailboxes(self) -> Iterator[Metric]:
        pending = GaugeMetricFamily(
            "botbus_mailbox_pending", "Messages not settled, of the fullest.", labels=["bot"]
        )
        oldest = GaugeMetricFamily(
            "botbus_mailbox_oldest_timestamp_seconds", "When the oldest was sent.", labels=["bot"]
        )
        for mailbox in self._figures.backlog.mailboxes:
            pending.add_metric([mailbox.bot], mailbox.pending)
            oldest.add_metric([mailbox.bot], _epoch(mailbox.oldest_at))
        yield from (pending, oldest)


def _by(name: str, help_: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _epoch(moment: str | None) -> float:
    return 0.0 if moment is None else to_epoch(moment)
