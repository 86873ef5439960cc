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

NO_TRANSACTION = r"--\s*no-transaction\s*"
"""A comment line at the head of a script that must run outside a transaction."""

_CONTROL = "because the migrator begins and commits the transaction: leave it out"
_ALONE = (
    "because SQLite runs it only outside a transaction: move it to a migration of its own that "
    "begins with the line `-- no-transaction`"
)
_FORBIDDEN = {
    **dict.fromkeys(("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"), _CONTROL),
    **dict.fromkeys(("VACUUM", "ATTACH", "DETACH"), _ALONE),
}


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
            if re.fullmatch(NO_TRANSACTION, line.strip()):
                return False
            if line.strip() and not line.lstrip().startswith("--"):
                break
        return True

    def statements(self) -> Iterator[Statement]:
        """The statements, in order."""
        return split(self.text)

    def problems(self) -> Iterator[str]:
        """Sentences about what must not be run: no statement, or one that would leave the batch."""
        statements = list(self.statements())
        if not statements:
            yield f"{self.path.name} holds no statement: write one, or remove the file"
        for statement in statements if self.transactional else ():
            if advice := _FORBIDDEN.get(statement.verb):
                place = f"{self.path.name}, line {statement.line}"
                yield f"{place}: {statement.verb} cannot be part of a batch, {advice}"
