"""What may stand for a run on the command line: its id, its key, or a piece of its id.

The beginning of an id tells when it was made, so runs of one minute share it; the last characters of
an id are what tells it apart. A piece is looked for among the newest runs.
"""

from typing import TYPE_CHECKING

from botbus_cli.ending import Failed
from botbus_protocol.grammar import check_id
from botbus_protocol.requests import MAX_KEY

if TYPE_CHECKING:
    from botbus import Bus
    from botbus_protocol.records import Run

NEWEST = 1000
"""How many runs a piece of an id is compared with."""
SHORTEST = 4
"""Characters of the shortest piece."""
SHOWN = 5

RUN_HELP = (
    "RUN is its id, its key, or an unambiguous beginning or end of the id (its last characters tell "
    "it apart best)."
)


async def find_run(bus: "Bus", word: str) -> "Run":
    """The run that a word stands for. Raises Failed if there is none, or if it could be several."""
    if _is_id(word):
        return await bus.runs.get(word)
    found = await _by_key(bus, word) or await _by_piece(bus, word)
    if not found:
        raise Failed("not_found", f"there is no run {word!r}: `botbus run list` shows ids and keys")
    if len(found) > 1:
        ids = ", ".join(f"{run.id} ({run.workflow})" for run in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise Failed("conflict", f"{word!r} stands for several runs: {ids}{more}; give more of it")
    return found[0]


def _is_id(word: str) -> bool:
    try:
        check_id(word, "RUN")
    except ValueError:
        return False
    return True


async def _by_key(bus: "Bus", word: str) -> "list[Run]":
    if not 1 <= len(word) <= MAX_KEY:
        return []
    return [run for run in await bus.runs.list(key=word, limit=NEWEST) if run.key == word]


async def _by_piece(bus: "Bus", word: str) -> "list[Run]":
    piece = word.lower()
    if len(piece) < SHORTEST or not set(piece) <= set("0123456789abcdef-"):
        return []
    newest = await bus.runs.list(limit=NEWEST)
    return [run for run in newest if run.id.startswith(piece) or run.id.endswith(piece)]
