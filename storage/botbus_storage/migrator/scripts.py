"""What a migration runs: the text of one direction, up or down, and what can be read off it.

The checksum covers the text that goes up and nothing else, so a way down may be repaired after the
migration was applied. Line ends are normalised: a checkout on another system is the same migration.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from botbus_storage.migrator.statements import Statement, split

NO_TRANSACTION = re.compile(r"--\s*no-transaction\s*")
"""A comment line at the head of a script that must run outside a transaction."""

_CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
_OUTSIDE_ONLY = frozenset({"VACUUM", "ATTACH", "DETACH"})


class Script(NamedTuple):
    """The SQL of one direction. Lines of `text` are the lines of the file at `path`."""

    path: Path
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def transactional(self) -> bool:
        """Whether it runs inside the transaction of its batch; otherwise it runs alone."""
        for line in self.text.splitlines():
            if NO_TRANSACTION.fullmatch(line.strip()):
                return False
            if line.strip() and not line.lstrip().startswith("--"):
                break
        return True

    def statements(self) -> Iterator[Statement]:
        """The statements, in order."""
        return split(self.text)

    def problems(self) -> Iterator[str]:
        """Sentences about statements that would break the promise of one transaction."""
        transactional = self.transactional
        for statement in self.statements():
            place = f"{self.path.name}, line {statement.line}: {statement.verb}"
            if statement.verb in _CONTROL:
                yield f"{place} is not allowed: the migrator begins and commits by itself"
            elif transactional and statement.verb in _OUTSIDE_ONLY:
                yield (
                    f"{place} cannot run inside a transaction: move it to a migration of its own "
                    "that begins with the line `-- no-transaction`"
                )
