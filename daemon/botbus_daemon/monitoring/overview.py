"""All figures of the daemon at one moment: what was counted, what is in memory, what waits on disk."""

import logging
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from botbus_daemon.broker import Broker
from botbus_protocol import __version__
from botbus_protocol.records import (
    Backlog,
    CommitFigures,
    MailboxFigures,
    RetentionFigures,
    StorageFigures,
)
from botbus_protocol.replies import Figures
from botbus_storage.commits import Commits
from botbus_storage.reading.backlog import Waiting

logger = logging.getLogger(__name__)

_STATM = Path("/proc/self/statm")


async def overview(broker: Broker, mailboxes: int) -> Figures:
    """The figures, with the fullest mailboxes."""
    return Figures(
        server=f"botbus {__version__}",
        boot=broker.boot,
        pid=os.getpid(),
        uptime_seconds=time.monotonic() - broker.tally.began,
        memory_bytes=_memory(),
        unwell=broker.health.known(),
        connections=len(broker.presence.connections),
        bots=broker.presence.count(),
        parked=sum(c.parked for c in broker.presence.connections.values()),
        in_flight=sum(c.mailbox.in_flight for c in broker.loaded_couriers()),
        runs_held=len(broker.runs.leases),
        traffic=broker.tally.traffic(broker.streams.head, broker.guard.denials),
        commits=_commits(broker.store.commits),
        storage=_storage(broker.settings.database),
        backlog=await _backlog(broker, mailboxes),
        retention=_retention(broker),
    )


def _commits(commits: Commits) -> CommitFigures:
    p50, p99 = commits.quantiles(0.5, 0.99)
    sync_p50, sync_p99 = commits.sync_quantiles(0.5, 0.99)
    return CommitFigures(
        count=commits.count,
        failed=commits.failed,
        operations=commits.operations,
        largest=commits.largest,
        seconds=commits.seconds,
        p50_seconds=p50,
        p99_seconds=p99,
        sync_p50_seconds=sync_p50,
        sync_p99_seconds=sync_p99,
    )


def _retention(broker: Broker) -> RetentionFigures:
    gone = broker.retention.messages
    return RetentionFigures(
        messages=gone.deleted,
        bytes=gone.size,
        undelivered=gone.undelivered,
        dead_letters=gone.dead,
        runs=broker.runs.pruning.deleted,
    )


def _storage(database: Path) -> StorageFigures:
    free = 0
    with suppress(OSError):
        disk = os.statvfs(database.parent)
        free = disk.f_bavail * disk.f_frsize
    return StorageFigures(
        database_bytes=_size(database),
        wal_bytes=_size(database.with_name(f"{database.name}-wal")),
        free_bytes=free,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _memory() -> int:
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


async def _backlog(broker: Broker, mailboxes: int) -> Backlog:
    try:
        counted, at = await broker.survey.newest()
    except sqlite3.Error as error:
        logger.warning("what waits in the database cannot be counted: %s", error)
        return Backlog()
    waiting = counted.mailboxes
    return Backlog(
        counted_at=at,
        mailboxes=[_mailbox(broker, one) for one in waiting[:mailboxes]],
        waiting=len(waiting),
        pending=sum(one.pending for one in waiting),
        oldest_at=min((one.oldest_at for one in waiting if one.oldest_at), default=None),
        dead_letters=counted.dead_letters,
        runs=counted.runs,
    )


def _mailbox(broker: Broker, waiting: Waiting) -> MailboxFigures:
    courier = broker.loaded_courier(waiting.bot_id)
    return MailboxFigures(
        bot=waiting.bot,
        pending=waiting.pending,
        oldest_at=waiting.oldest_at,
        in_flight=0 if courier is None else courier.mailbox.in_flight,
        connections=broker.presence.connected(waiting.bot_id),
    )
