"""The life of a daemon: claim, migrate, open, serve, stop.

Everything is claimed before anything is touched, and given back in reverse order: when the process
ends, what it acknowledged is on disk and the WAL has been checkpointed.
"""

import gc
import logging
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

import botbus_migrations
from botbus_daemon import logs
from botbus_daemon.broker import Broker
from botbus_daemon.claiming import CannotServe, claimed_socket, make_folder
from botbus_daemon.dispatch import Dispatcher
from botbus_daemon.listener import Listener
from botbus_daemon.monitoring.health import Health
from botbus_daemon.monitoring.pages import Source, open_pages
from botbus_daemon.monitoring.status import Status
from botbus_daemon.monitoring.traces import open_traces
from botbus_daemon.reloading import change
from botbus_daemon.remedies import cannot_serve
from botbus_daemon.settings import Settings, SettingsError
from botbus_daemon.socket_file import SocketFile
from botbus_daemon.supervision import Supervisor
from botbus_protocol import __version__
from botbus_protocol.errors import Code, Fault, Refused
from botbus_storage.connection import Connect, connect_plainly, shrinkable
from botbus_storage.database_lock import DatabaseLock, Locked
from botbus_storage.migrator import MigrationError, Migrator
from botbus_storage.operations import BeginBoot, Boot
from botbus_storage.store import Store, open_store

logger = logging.getLogger(__name__)

Reread = Callable[[], Settings]

STOP_SECONDS = 3.0
"""How long requests under way may take to be answered once the daemon stops."""
LOCK_WAIT = 1.0
SWITCH_INTERVAL = 0.0002
"""Seconds until a thread that wants the interpreter gets it. The writer's thread wants it a few times
a batch; Python's default of 5 ms would stall each commit behind a busy event loop."""


def run(settings: Settings, announce: Callable[[str], None], reread: Reread) -> None:
    """Serves until SIGTERM or SIGINT; `announce` gets one line when it is ready.

    On SIGHUP `reread` gives the settings anew, or raises SettingsError.
    Raises CannotServe with a sentence for whoever started it.
    """
    os.umask(0o077)  # what it makes is for its owner alone
    sys.setswitchinterval(SWITCH_INTERVAL)
    _raise_descriptor_limit()
    with claimed_database(settings) as lock, claimed_socket(settings.url) as claim:
        connect = _connector(settings)
        _migrate(settings, lock, connect)
        file = SocketFile(claim, settings.socket_mode)
        backend = {"use_uvloop": True}
        anyio.run(_serve, settings, connect, file, announce, reread, backend_options=backend)


def _connector(settings: Settings) -> Connect:
    """How the database is opened. Raises CannotServe if its key cannot be used."""
    if settings.key_file is None:
        return connect_plainly
    from botbus_storage.cipher import connector

    try:
        return connector(settings.key_file)
    except (sqlite3.Error, ImportError) as error:
        raise CannotServe(str(error)) from error


def _calm_collector() -> None:
    """What is there now stays for ever, and what comes is mostly freed by its last reference."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _raise_descriptor_limit() -> None:
    """A connection is a descriptor, and the usual soft limit of 1,024 is for programs that select."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def claimed_database(settings: Settings) -> Iterator[DatabaseLock]:
    """The database for this process alone. Raises CannotServe."""
    make_folder(settings.database.parent, private=False)
    lock = DatabaseLock(settings.database, "botbus serve")
    try:
        lock.acquire(LOCK_WAIT)
    except Locked as error:
        raise CannotServe(str(error)) from error
    except OSError as error:
        raise CannotServe(f"{settings.database} cannot be locked: {error.strerror}") from error
    try:
        yield lock
    finally:
        lock.release()


def _migrate(settings: Settings, lock: DatabaseLock, connect: Connect) -> None:
    migrator = Migrator(
        settings.database,
        botbus_migrations.FOLDER,
        backup=settings.migrations.backup,
        keep_backups=settings.migrations.keep_backups,
        connect=shrinkable(connect),
        lock=lock,
    )
    try:
        migrator.run()
    except (MigrationError, sqlite3.Error, OSError) as error:
        raise cannot_serve(settings.database, error) from error


async def _serve(
    settings: Settings,
    connect: Connect,
    file: SocketFile,
    announce: Callable[[str], None],
    reread: Reread,
) -> None:
    health = Health(file)
    try:
        async with (
            open_pages(settings.http.place(), health) as pages,
            open_store(settings.database, connect=connect, on_failure=health.failed) as store,
            health.watching(store, settings.database),
        ):
            await _serve_store(settings, file, store, health, pages, announce, reread)
    except (sqlite3.Error, Refused) as error:
        raise cannot_serve(settings.database, error) from error


async def _serve_store(
    settings: Settings,
    file: SocketFile,
    store: Store,
    health: Health,
    pages: Source,
    announce: Callable[[str], None],
    reread: Reread,
) -> None:
    async with (
        open_traces(settings.traces) as traces,
        open_broker(settings, store, health) as broker,
    ):
        broker.traces = traces
        pages.broker = broker
        dispatcher = Dispatcher(broker)
        listener = Listener(
            dispatcher.answer,
            broker.connected,
            broker.disconnected,
            frame_bytes=settings.limits.frame_bytes,
        )
        await listener.start(file.bind())
        _calm_collector()
        supervisor, status = Supervisor(), Status(broker)
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async with file.kept(listener.start):
                health.phase = "serving"
                announce(f"botbus {__version__} serves {settings.url} from {settings.database}")
                supervisor.ready(f"serves {settings.url}")
                async with anyio.create_task_group() as watching:
                    watching.start_soon(supervisor.watch, health, status.line)
                    async for received in signals:
                        if received == signal.SIGHUP:
                            await _reload(broker, reread, supervisor, status.line)
                            continue
                        logger.info("stopping on %s", received.name)
                        break
                    watching.cancel_scope.cancel()
                health.phase = "stopping"
                supervisor.stopping()
            broker.begin_closing()
            await listener.stop(STOP_SECONDS)
            pages.broker = None


async def _reload(
    broker: Broker, reread: Reread, supervisor: Supervisor, status: Callable[[], str]
) -> None:
    """Reads the settings anew; if they cannot be used, all stays as it was."""
    supervisor.reloading()
    try:
        changes = change(broker.settings, await anyio.to_thread.run_sync(reread))
    except SettingsError as error:
        logger.error("the settings stay as they were: %s", error)  # noqa: TRY400 - nothing of ours
    else:
        broker.follow(changes.settings)
        logs.limit(changes.settings.log_level)
        logger.info("settings read; changed: %s", ", ".join(changes.changed) or "nothing")
        if changes.waiting:
            logger.warning("settings read; needs a restart: %s", ", ".join(changes.waiting))
    supervisor.ready(status())


@asynccontextmanager
async def open_broker(settings: Settings, store: Store, health: Health) -> AsyncIterator[Broker]:
    """The broker over a store, for one start of the daemon."""
    (boot,) = await store.submit([BeginBoot(version=__version__, pid=os.getpid())])
    if isinstance(boot, Fault):
        raise Refused(Code(boot.code), boot.message)
    assert isinstance(boot, Boot)
    broker = Broker(settings, store, boot.number, await store.trail.last_seq(), health)
    try:
        await broker.runs.start()
        await broker.records.start()
        broker.retention.start()
        yield broker
    finally:
        await broker.close()
