"""Mutants that no test can notice, because they do the same; each was looked at, and says why."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A line of a module as it is, and as the mutant has it."""

    subject: str
    was: str
    became: str


EQUIVALENT: dict[Mutant, str] = {}
