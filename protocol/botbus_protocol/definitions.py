"""What the definition of a workflow has to be: checked when it is saved, and kept whole.

Only what the daemon or every worker relies on is checked. All other fields belong to whoever wrote
them: they are stored and given back as they came. An optional field that is nil counts as left out.
"""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar, get_args

from msgspec import Struct

from botbus_protocol.grammar import check_id, check_name
from botbus_protocol.records.workflows import WorkflowStatus

DEFAULT_VERSION = "1.0.0"
MAX_VERSION = 64
"""Longest version, in characters."""
MAX_STEP_ID = 256
MAX_STEPS = 100_000
MOST_ATTEMPTS = 1000
MOST_CONCURRENCY = 1_000_000
LONGEST_TIMEOUT = 366 * 86400.0
"""A year in seconds: a longer timeout is a mistake in the unit."""
MOST_SHOWN = 20
"""Steps of a cycle that a sentence shows at most."""

_STATUSES: tuple[str, ...] = get_args(WorkflowStatus)
_SHOWN_LENGTH = 64

T = TypeVar("T")


class Outline(Struct, frozen=True, kw_only=True):
    """What the daemon has to know of a definition."""

    id: str | None
    name: str
    version: str
    description: str
    status: str
    concurrency: int | None
    timeout_secs: float | None


def outline_of(definition: Any) -> Outline:
    """The outline of a decoded definition. Raises ValueError with a sentence that says what to do."""
    if not isinstance(definition, dict):
        raise _unlike("a definition", "a map with a name", definition)
    outline = Outline(
        id=_id(definition),
        name=_name(definition),
        version=_text(definition, "version", MAX_VERSION, "version") or DEFAULT_VERSION,
        description=_text(definition, "description", None, "description") or "",
        status=_status(definition),
        concurrency=_whole(definition, "concurrency", MOST_CONCURRENCY, "concurrency"),
        timeout_secs=_timeout(definition, "timeout_secs"),
    )
    _typed(definition, "triggers", list, "a list", "triggers")
    _typed(definition, "metadata", dict, "a map", "metadata")
    _check_steps(_typed(definition, "steps", list, "a list", "steps") or [])
    return outline


def find_cycle(steps: dict[str, list[str]]) -> list[str] | None:
    """Steps that depend on each other in a circle: each on the next, the last is the first again.

    `steps` tells for each step those it depends on. None if they can be put in an order.
    """
    try:
        TopologicalSorter(steps).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return None


def _check_steps(steps: list[Any]) -> None:
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a definition has at most {MAX_STEPS} steps, not {len(steps)}")
    needs: dict[str, list[str]] = {}
    for number, step in enumerate(steps):
        if not isinstance(step, dict):
            raise _unlike(f"steps[{number}]", "a map with an id", step)
        step_id = _step_id(step, number)
        if step_id in needs:
            raise ValueError(f"two steps have the id {_shown(step_id)}: give each an id of its own")
        _check_step(step, f"step {_shown(step_id)}")
        needs[step_id] = _dependencies(step, step_id)
    _check_order(needs)


def _step_id(step: dict[str, Any], number: int) -> str:
    step_id = _text(step, "id", MAX_STEP_ID, f"steps[{number}].id")
    if step_id is None:
        raise ValueError(f"steps[{number}] has no id: give it one of 1-{MAX_STEP_ID} characters")
    return step_id


def _check_step(step: dict[str, Any], where: str) -> None:
    for field in ("name", "type"):
        _text(step, field, None, f"{field} of {where}")
    _timeout(step, f"timeout_secs of {where}")
    retry = _typed(step, "retry", dict, "a map", f"retry of {where}") or {}
    _whole(retry, "max_attempts", MOST_ATTEMPTS, f"retry.max_attempts of {where}")


def _dependencies(step: dict[str, Any], step_id: str) -> list[str]:
    where = f"depends_on of step {_shown(step_id)}"
    needed = _typed(step, "depends_on", list, "a list", where) or []
    for other in needed:
        if not isinstance(other, str):
            raise _unlike(where, "a list of ids of steps", other)
    return needed


def _check_order(needs: dict[str, list[str]]) -> None:
    for step_id, needed in needs.items():
        for other in needed:
            if other not in needs:
                raise ValueError(
                    f"step {_shown(step_id)} depends on {_shown(other)}, which is no step: "
                    "add that step, or take the dependency out"
                )
    if cycle := find_cycle(needs):
        raise ValueError(
            f"steps depend on each other in a circle, {_circle(cycle)}: take one dependency out"
        )


def _circle(cycle: Sequence[str]) -> str:
    hidden = len(cycle) - MOST_SHOWN
    shown = [_short(step) if step.isprintable() else _shown(step) for step in cycle]
    if hidden > 0:
        half = MOST_SHOWN // 2
        shown = [*shown[:half], f"({hidden} more)", *shown[half + hidden :]]
    return " -> ".join(shown)


def _id(definition: dict[str, Any]) -> str | None:
    found = _text(definition, "id", None, "id")
    return None if found is None else check_id(found, "id")


def _name(definition: dict[str, Any]) -> str:
    name = _text(definition, "name", None, "name")
    if name is None:
        raise ValueError("a definition needs a name: 1-64 of a-z A-Z 0-9 . _ - (no spaces)")
    return check_name(name, "name")


def _status(definition: dict[str, Any]) -> str:
    status = _text(definition, "status", None, "status") or "active"
    if status not in _STATUSES:
        raise ValueError(f"status {_shown(status)} is none of {', '.join(_STATUSES)}")
    return status


def _text(fields: dict[str, Any], field: str, most: int | None, where: str) -> str | None:
    """A text; one that has a bound must not be empty either."""
    value = _typed(fields, field, str, "text (in YAML: in quotes)", where)
    if most is not None and value is not None and not 1 <= len(value) <= most:
        raise ValueError(f"{where} must have 1-{most} characters, not {len(value)}")
    return value


def _whole(fields: dict[str, Any], field: str, most: int, where: str) -> int | None:
    value = fields.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _unlike(where, f"a whole number from 1 to {most}", value)
    return value


def _timeout(fields: dict[str, Any], where: str) -> float | None:
    value = fields.get("timeout_secs")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _unlike(where, "a number of seconds", value)
    if not 0 < value <= LONGEST_TIMEOUT:
        most = f"{LONGEST_TIMEOUT:.0f} seconds (a year)"
        raise _unlike(where, f"more than 0 and at most {most}", value)
    return float(value)


def _typed(fields: dict[str, Any], field: str, kind: type[T], called: str, where: str) -> T | None:
    value = fields.get(field)
    if value is None or isinstance(value, kind):
        return value
    raise _unlike(where, called, value)


def _unlike(where: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{where} must be {wanted}, not {_kind(value)}")


def _kind(value: Any) -> str:
    """A value as a sentence shows it."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return "nil" if value is None else _shown(value)


def _shown(value: Any) -> str:
    return repr(_short(value)) if isinstance(value, str) else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
