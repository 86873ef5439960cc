"""docs/states.md and the tables of the code say the same, state by state and move by move."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.record_states import (
    EXECUTION_ENDS,
    EXECUTION_MOVES,
    TASK_ENDS,
    TASK_MOVES,
    check_execution_move,
    check_task_move,
)
from botbus_protocol.states import (
    RUN_ENDS,
    RUN_MOVES,
    STEP_ENDS,
    STEP_MOVES,
    check_run_move,
    check_step_move,
)

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

Moves = Mapping[Any, AbstractSet[Any]]

MACHINES: dict[str, tuple[Moves, AbstractSet[Any]]] = {
    "Runs": (RUN_MOVES, RUN_ENDS),
    "Steps": (STEP_MOVES, STEP_ENDS),
    "Tasks": (TASK_MOVES, TASK_ENDS),
    "Tool executions": (EXECUTION_MOVES, EXECUTION_ENDS),
}
"""By the section of the page: what may follow, and where it ends."""

_EDGE = re.compile(r"^ +(\w+) --> (\w+|\[\*\])", re.MULTILINE)
_MOVE = re.compile(r"^\| (\w+) \| (\w+) \| [^|]+ \|$", re.MULTILINE)
_STATE = re.compile(r"^\| (\w+) \| [^|]+ \|$", re.MULTILINE)


def sections() -> dict[str, str]:
    """The parts of the page that draw a machine, by their headings."""
    _, *parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    pairs = (part.split("\n", 1) for part in parts)
    return {heading: text for heading, text in pairs if "stateDiagram" in text}


def pairs_of(moves: Moves) -> set[tuple[str, str]]:
    return {(old, new) for old, following in moves.items() for new in following}


def test_every_machine_has_its_section() -> None:
    assert set(sections()) == set(MACHINES)


@pytest.mark.parametrize("heading", MACHINES)
def test_the_table_of_the_page_is_the_table_of_the_code(heading: str) -> None:
    moves, _ = MACHINES[heading]
    written = [pair for pair in _MOVE.findall(sections()[heading]) if pair != ("from", "to")]
    assert set(written) == pairs_of(moves)
    assert len(written) == len(set(written))


@pytest.mark.parametrize("heading", MACHINES)
def test_the_diagram_of_the_page_is_the_table_of_the_code(heading: str) -> None:
    moves, ends = MACHINES[heading]
    drawn = _EDGE.findall(sections()[heading])
    assert {pair for pair in drawn if pair[1] != "[*]"} == pairs_of(moves)
    assert {old for old, new in drawn if new == "[*]"} == set(ends)


@pytest.mark.parametrize("heading", MACHINES)
def test_every_state_is_explained(heading: str) -> None:
    moves, _ = MACHINES[heading]
    assert sorted(_STATE.findall(sections()[heading])) == sorted(["state", *moves])


@pytest.mark.parametrize(("old", "new"), [(a, b) for a in RUN_MOVES for b in RUN_MOVES])
def test_runs_move_as_the_table_says(old: str, new: str) -> None:
    assert_checked(check_run_move, RUN_MOVES, old, new)


@pytest.mark.parametrize(("old", "new"), [(a, b) for a in STEP_MOVES for b in STEP_MOVES])
def test_steps_move_as_the_table_says(old: str, new: str) -> None:
    assert_checked(check_step_move, STEP_MOVES, old, new)


@pytest.mark.parametrize(("old", "new"), [(a, b) for a in TASK_MOVES for b in TASK_MOVES])
def test_tasks_move_as_the_table_says(old: str, new: str) -> None:
    assert_checked(check_task_move, TASK_MOVES, old, new)


@pytest.mark.parametrize(("old", "new"), [(a, b) for a in EXECUTION_MOVES for b in EXECUTION_MOVES])
def test_executions_move_as_the_table_says(old: str, new: str) -> None:
    assert_checked(check_execution_move, EXECUTION_MOVES, old, new)


def assert_checked(
    check: Callable[[str, Any, Any], None], moves: Moves, old: str, new: str
) -> None:
    if new in moves[old]:
        check("x", old, new)
        return
    with pytest.raises(Refused, match=f"is {old} and cannot become {new}") as caught:
        check("x", old, new)
    assert caught.value.fault.code == "illegal_state"
    assert caught.value.fault.details == {"from": old, "to": new}
