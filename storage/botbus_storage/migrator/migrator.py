"""The verbs. A Migrator brings one SQLite file and one folder of migrations together.

It opens a connection of its own for each verb and closes it again, and it writes only while it holds
the lock of the database, its own or the one it was given. What a start with nothing to do does not
need is imported by the verbs that need it, since every start of the daemon waits for this module.
"""

from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from botbus_protocol import __version__
from botbus_storage.database_lock import DatabaseLock
from botbus_storage.migrator import execution, history, plan
from botbus_storage.migrator.backup import Backups, Progress
from botbus_storage.migrator.batch import Batch, Step
from botbus_storage.migrator.connection import MEMORY, Connect, opened, plain, speaking
from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.execution import Report
from botbus_storage.migrator.folder import GOLDEN, parse_version, read, survey
from botbus_storage.migrator.target import Target

if TYPE_CHECKING:
    from botbus_storage.migrator.restore import Restored
    from botbus_storage.migrator.snapshot import Snapshot


class Status(NamedTuple):
    """Every version known to folder or history, and a sentence for each problem of the folder."""

    version: int
    entries: tuple[plan.Entry, ...]
    problems: tuple[str, ...]


class Migrator:
    """The migrations of `folder` and the database they are for.

    `lock` is a lock on the database that the caller already holds; without it the migrator takes
    its own, waiting up to `wait` seconds. `connect` opens the file, say with a key. `app_version` is
    written into the history; `program` is what is said to have written a database that is newer.

    Every verb raises MigrationError with a sentence, and Locked if another process holds the
    database. Versions are given as numbers, or as text the way file names have them.
    """

    def __init__(
        self,
        database: Path | str,
        folder: Path | str,
        *,
        backup: bool = True,
        keep_backups: int = 5,
        wait: float = 2.0,
        connect: Connect = plain,
        lock: DatabaseLock | None = None,
        app_version: str = __version__,
        program: str = "botbus",
    ) -> None:
        if keep_backups < 1:
            raise ValueError("keep_backups must be 1 or more: pass backup=False for none")
        self.folder = Path(folder)
        self.target = Target(Path(database), connect, wait, lock)
        self.backup = backup and str(database) != MEMORY
        self.keep_backups = keep_backups
        self.app_version = app_version
        self.program = program

    def run(
        self,
        to: int | str | None = None,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Apply what is pending, up to and with version `to`: all of it, or nothing.

        A dry run applies it too, inside a transaction that is rolled back.
        """
        upto = None if to is None else parse_version(str(to))
        migrations = read(self.folder)

        def decide(connection: Connection) -> list[Step]:
            entries = plan.compare(migrations, history.read(connection))
            return [Step(each, "up") for each in plan.pending(entries, upto, self.program)]

        if dry_run:
            return execution.prove(self.target, decide, self.app_version)
        return execution.perform(self.target, decide, self._backups(progress), self.app_version)

    def revert(
        self,
        steps: int = 1,
        *,
        to: int | str | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Undo the newest `steps` migrations, or all after version `to`: all of them, or nothing."""
        downto = None if to is None else parse_version(str(to))
        migrations = read(self.folder)

        def decide(connection: Connection) -> list[Step]:
            entries = plan.compare(migrations, history.read(connection))
            chosen = plan.revertible(entries, steps, downto, self.program)
            return [Step(each, "down") for each in chosen]

        self._require_database()
        return execution.perform(self.target, decide, self._backups(progress), self.app_version)

    def status(self) -> Status:
        """What is applied, pending, changed or missing. Only reads."""
        migrations, problems = survey(self.folder)
        rows: tuple[history.Row, ...] = ()
        if self.target.database.exists():
            with self.target.reading() as connection:
                rows = history.read(connection)
        return Status(execution.last(rows), plan.compare(migrations, rows), problems)

    def pending(self) -> tuple[str, ...]:
        """What `run` would apply, by title. Raises MigrationError where it would refuse. Only reads."""
        found = plan.pending(self.status().entries, None, self.program)
        return tuple(migration.title for migration in found)

    def verify(self, golden: Path | str | None = None) -> tuple[str, ...]:
        """Where the database differs from the golden schema, in sentences; none if it does not.

        `golden` is a script, by default `schema.sql` in the folder. Only reads.
        """
        from botbus_storage.migrator.drift import drift, golden_schema
        from botbus_storage.migrator.schema import describe

        path = Path(golden) if golden else self.folder / GOLDEN
        if not path.is_file():
            raise MigrationError(
                f"there is no {path}: write it with `botbus migrate schema --write`"
            )
        self._require_database()
        wanted = golden_schema(path)
        with self.target.reading() as connection:
            return tuple(drift(describe(connection), wanted))

    def schema(self) -> str:
        """The script of what the sum of the migrations makes, as tried out in memory."""
        from botbus_storage.migrator.schema import dump

        steps = [Step(migration, "up") for migration in read(self.folder)]
        execution.refuse_unfit(steps)
        with opened(Path(MEMORY), plain, self.target.wait) as connection:
            Batch(connection, self.app_version, lambda: None).run(steps)
            return dump(connection)

    def lint(self) -> tuple[str, ...]:
        """What is wrong with the folder, in sentences: names, scripts, a golden schema gone stale."""
        migrations, problems = survey(self.folder)
        scripts = [
            each for migration in migrations for each in (migration.up, migration.down) if each
        ]
        found = [*problems, *(sentence for script in scripts for sentence in script.problems())]
        golden = self.folder / GOLDEN
        if not found and golden.is_file() and golden.read_text() != self.schema():
            found.append(
                f"{GOLDEN} is not what the migrations make: run `botbus migrate schema --write`"
            )
        return tuple(found)

    def add(self, name: str, *, reversible: bool = False) -> tuple[Path, ...]:
        """Create the next migration in the folder from a template. Returns its file or files."""
        from botbus_storage.migrator import template

        with speaking(self.folder):
            return template.add(self.folder, name, reversible=reversible)

    def backups(self) -> list[Path]:
        """The copies that earlier runs made of this database, oldest first."""
        with speaking(self.target.database):
            return Backups(self.target, self.keep_backups, None).list()

    def back_up(
        self, to: Path | str, *, replace: bool = False, progress: Progress | None = None
    ) -> "Snapshot":
        """Copy the database, which may be in use, into a new file; checked and synced."""
        from botbus_storage.migrator.snapshot import back_up

        with speaking(self.target.database):
            return back_up(self.target, Path(to), replace=replace, progress=progress)

    def restore(self, backup: Path | str, *, progress: Progress | None = None) -> "Restored":
        """Put a copy of a backup in the place of the database, which is kept under another name.

        Where there is none, as on a new machine, its folder is made.
        """
        from botbus_storage.migrator.restore import restore

        if not Path(backup).is_file():
            raise MigrationError(f"there is no backup {backup}")
        self.target.database.resolve().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.target.locked(), speaking(self.target.database):
            return restore(self.target, Path(backup), progress)

    def encrypt(self, key_file: Path | str, *, progress: Progress | None = None) -> None:
        """Encrypt the database with the key in a file; compared before it is replaced."""
        from botbus_storage.migrator import conversion

        self._require_database()
        with self.target.locked():
            conversion.encrypt(self.target, Path(key_file), progress)

    def decrypt(self, key_file: Path | str, *, progress: Progress | None = None) -> None:
        """Decrypt the database with the key in a file; compared before it is replaced."""
        from botbus_storage.migrator import conversion

        self._require_database()
        with self.target.locked():
            conversion.decrypt(self.target, Path(key_file), progress)

    def _backups(self, progress: Progress | None) -> Backups | None:
        return Backups(self.target, self.keep_backups, progress) if self.backup else None

    def _require_database(self) -> None:
        if not self.target.database.exists():
            raise MigrationError(f"there is no database {self.target.database}")
