"""How many places of one kind each bot has taken, of the same number for each: connections, or waits.

Pure. Who gives its last place back is forgotten.
"""

from math import inf


class Places:
    def __init__(self, most: int) -> None:
        self._taken: dict[str, int] = {}
        self.limit(most)

    def limit(self, most: int) -> None:
        """From now on there are so many for each; 0 is no limit. Who has more keeps them."""
        self._most = most or inf

    def take(self, bot: str) -> bool:
        """Whether there was one more."""
        taken = self._taken.get(bot, 0)
        if taken >= self._most:
            return False
        self._taken[bot] = taken + 1
        return True

    def give_back(self, bot: str) -> None:
        """One that was taken."""
        if self._taken[bot] == 1:
            del self._taken[bot]
        else:
            self._taken[bot] -= 1

    def taken(self, bot: str) -> int:
        return self._taken.get(bot, 0)

    def __len__(self) -> int:
        return len(self._taken)
