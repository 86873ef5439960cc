"""A workflow's definition as somebody wrote it: JSON or YAML, from a file or from stdin.

What cannot be read, or is no definition, is told with the file and the line before the daemon is asked.
Of YAML, what JSON can hold is read, in the way of YAML 1.2: `on`, `no` and dates are text, a key stands
in a map once, and `1.10` without quotes is a number, which is told where text is wanted.
"""

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from botbus_protocol.definitions import outline_of

MOST_VALUES = 1_000_000
"""Values in a definition: what repeats itself by anchors must not fill the memory."""
DEEPEST = 100

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_BOOL = "tag:yaml.org,2002:bool"
_TIME = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans, no times, and no key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                raise yaml.MarkedYAMLError(
                    problem="a key must be text: write it in quotes", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in {_BOOL, _TIME}]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF"))


def read_definition(file: str, field: str = "FILE") -> dict[str, Any]:
    """The definition in a file; `-` is stdin. Raises ValueError with a sentence."""
    name = "stdin" if file == "-" else file
    text = _text(file, field)
    definition = _parsed(text, name)
    try:
        outline_of(definition)
        _check_values(definition)
    except ValueError as error:
        raise ValueError(f"{name}{_place(text, str(error))}: {error}") from None
    assert isinstance(definition, dict)
    return definition


def _text(file: str, field: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"{field} {file!r} cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{field} {file!r} is not UTF-8 text: save it as that") from None


def _parsed(text: str, name: str) -> Any:
    try:
        if name.endswith(".json") or (text.lstrip().startswith("{") and not _is_yaml(name)):
            return json.loads(text, object_pairs_hook=_without_twins)
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}:{error.lineno}: this is no JSON: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        words = ", ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{name}{line}: this is no YAML for a definition: {words}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    except RecursionError:
        raise ValueError(f"{name}: it is nested too deeply") from None


def _is_yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands twice in one map")
    return found


def _check_values(definition: Any) -> None:
    """Raises ValueError for what JSON cannot hold, and for what is too much."""
    count, level = 0, [definition]
    for _ in range(DEEPEST):
        count += len(level)
        if count > MOST_VALUES:
            raise ValueError(f"it has more than {MOST_VALUES:,} values: say less of it here")
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no {value}: write it as text, in quotes")
    if value is not None and not isinstance(value, str | bool | int | float):
        kind = type(value).__name__
        raise ValueError(f"it holds a value of type {kind}: use text, numbers, lists and maps")
    return []


def _place(text: str, sentence: str) -> str:
    """`:LINE` of the step that a sentence names first, or of the field that it begins with."""
    lines = _lines(text)
    quoted = re.findall(r"steps\[\d+\]|'[^']+'|(?<=circle, ).+?(?= ->)", sentence)
    named = [*quoted, sentence.split(" ", 1)[0]]
    line = next((lines[name] for name in named if name in lines), None)
    return "" if line is None else f":{line}"


def _lines(text: str) -> dict[str, int]:
    """Where the fields and the steps of a definition stand, by the names that sentences use."""
    try:
        root = yaml.compose(text, _Loader)
    except (yaml.YAMLError, RecursionError):
        return {}  # JSON that is no YAML
    if not isinstance(root, yaml.MappingNode):
        return {}
    lines = {key.value: key.start_mark.line + 1 for key, _ in root.value}
    steps = next((value for key, value in root.value if key.value == "steps"), None)
    for number, step in enumerate(steps.value if isinstance(steps, yaml.SequenceNode) else []):
        line = step.start_mark.line + 1
        lines[f"steps[{number}]"] = line
        for key, value in step.value if isinstance(step, yaml.MappingNode) else []:
            if key.value == "id":
                lines[repr(value.value)] = lines[value.value] = line
    return lines
