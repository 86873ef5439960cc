"""How many bytes of each bot's messages are stored, as far as that has to be known.

Pure: whoever calls says how large the database is, and what was counted in it. No bot has stored more
than there is: while the database is smaller than the limit nothing is counted at all. Beyond that all
messages are counted by their senders, and what is sent adds to it. What was deleted since only shows
when it is counted again, so a figure may be too high for a while. What was on its way to the disk when
the counting began is not in it.
"""

from math import inf

MARGIN = 1 / 256
"""Share of the limit that the database must be smaller by to be called small."""
SMALL = 1 / 64
"""Share of the limit: who has less is not remembered, and counts as having that much."""
MOST_SENDERS = 100_000


class Stored:
    def __init__(self, limit: int) -> None:
        self.limit(limit)

    def limit(self, limit: int) -> None:
        """From now on this is the limit; 0 is none."""
        self.most = limit or inf
        self.room = inf if limit == 0 else 0.0
        """Bytes that may be stored, by whomever, before the database must be measured again."""
        self.counted = False
        self._small = int(limit * SMALL)
        self._figures: dict[str, int] = {}
        self._since: dict[str, int] | None = None

    def measured(self, size: int) -> None:
        """The database has so many bytes; if they are few, nothing needs to be counted."""
        room = self.most - size
        self.room = room if room > self.most * MARGIN else 0.0
        if self.room:
            self._figures.clear()
            self.counted = False

    def fits(self, sender: str, size: int) -> bool:
        """Whether a bot may store so much more. All may as long as nothing has been counted."""
        return not self.counted or self._figures.get(sender, self._small) + size <= self.most

    def add(self, sender: str, size: int) -> None:
        """A bot stores so much more."""
        if self._since is not None:
            self._since[sender] = self._since.get(sender, 0) + size
        if self.counted:
            self._figures[sender] = self._figures.get(sender, self._small) + size
            if len(self._figures) > MOST_SENDERS:
                self._forget_below(2 * self._small)

    def counting(self) -> None:
        """Everything that is stored now begins to be counted."""
        self._since = {}

    def count(self, figures: dict[str, int]) -> None:
        """Takes over what was counted."""
        since, self._since = self._since or {}, None
        for sender, size in since.items():
            figures[sender] = figures.get(sender, 0) + size
        self._figures = figures
        self._forget_below(self._small)
        self.counted = True

    def give_up_counting(self) -> None:
        self._since = None

    def _forget_below(self, least: int) -> None:
        self._figures = {s: size for s, size in self._figures.items() if size > least}

    def __len__(self) -> int:
        return len(self._figures)
