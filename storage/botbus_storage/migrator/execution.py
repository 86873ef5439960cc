"""A decision carried out: lock, backup, batch, and the account of it.

Deciding is handed in as a function, because it must see the history under the lock. A failed batch
leaves the database as it was, and then the backup made for it goes too: a daemon that is started
over and over with a bad migration must not push the good backups out.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection, Error
from typing import NamedTuple

from botbus_storage.migrator import history
from botbus_storage.migrator.backup import Backups
from botbus_storage.migrator.batch import Batch, Done, Step
from botbus_storage.migrator.connection import told
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.target import Target

log = logging.getLogger("botbus.migrator")

Decide = Callable[[Connection], list[Step]]


class Report(NamedTuple):
    """What a run or a revert did, in the order it was done, and the version it ended at.

    `backup` is the copy made before it, if one was made. `unproven` names what a dry run could not
    try, because it runs outside a transaction.
    """

    done: tuple[Done, ...]
    version: int
    backup: Path | None
    seconds: float
    unproven: tuple[str, ...] = ()


def perform(target: Target, decide: Decide, backups: Backups | None, app: str) -> Report:
    """Do what `decide` chooses, after a backup if there is something to lose.

    Raises MigrationError, telling what was left behind, and Locked.
    """
    started = time.perf_counter()
    with target.writing() as connection:
        steps = decide(connection)
        before = last(history.read(connection))
        if not steps:
            log.info("%s is at version %d, nothing to migrate", target.database, before)
            return Report((), before, None, time.perf_counter() - started)
        refuse_unfit(steps)

        def save() -> None:
            if backups and _holds_anything(connection):
                backups.make(before)

        batch = Batch(connection, app, save)
        _run(target, batch, steps, backups)
        version = last(history.read(connection))
    made = backups.made if backups else None
    if backups:
        backups.prune()
    report = Report(tuple(batch.done), version, made, time.perf_counter() - started)
    log.info("%s is now at version %d (%.3f s)", target.database, version, report.seconds)
    return report


def prove(target: Target, decide: Decide, app: str) -> Report:
    """Do what `decide` chooses inside a transaction, and roll it back."""
    started = time.perf_counter()
    with target.trying() as connection:
        steps = decide(connection)
        refuse_unfit(steps)
        done = Batch(connection, app, lambda: None).prove(steps) if steps else []
        version = done[-1].version if done else last(history.read(connection))
    unproven = tuple(each.migration.title for each in steps if not each.script.transactional)
    return Report(tuple(done), version, None, time.perf_counter() - started, unproven)


def refuse_unfit(steps: Sequence[Step]) -> None:
    """Raise MigrationError for scripts that must not be run, before any of them has."""
    if problems := [problem for step in steps for problem in step.script.problems()]:
        raise MigrationError("; ".join(problems))


def last(rows: Sequence[history.Row]) -> int:
    """The version a database is at; 0 before the first migration."""
    return rows[-1].version if rows else 0


def _run(target: Target, batch: Batch, steps: Sequence[Step], backups: Backups | None) -> None:
    try:
        batch.run(steps)
    except BaseException as error:
        aftermath = _aftermath(batch, backups)
        if not batch.touched and backups:
            backups.discard()
        if not isinstance(error, MigrationError | Error):
            raise
        sentence = f"{told(target.database, error)}. {aftermath}"
        log.error("migrating %s: %s", target.database, sentence)  # noqa: TRY400 - a sentence, not a trace
        raise MigrationError(sentence) from error
    for done in batch.done:
        log.info("%s: %s in %.1f ms", target.database, done.title, done.milliseconds)


def _aftermath(batch: Batch, backups: Backups | None) -> str:
    """What a failed batch left behind."""
    if not batch.touched:
        return "Nothing was changed"
    made = backups.made if backups else None
    kept = f"The backup from before is {made}" if made else "There is no backup"
    stay = ", ".join(done.title for done in batch.done)
    return f"Done before it and staying: {stay}. {kept}" if stay else kept


def _holds_anything(connection: Connection) -> bool:
    """Whether there is something to lose: any object but an empty history."""
    if history.read(connection):
        return True
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name <> ?", (history.TABLE,))
    return found.fetchone() is not None
