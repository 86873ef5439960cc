"""Definitions of workflows: what passes, what is refused, and what the sentence says."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol.definitions import MOST_SHOWN, find_cycle, outline_of
from botbus_protocol.grammar import new_id

Steps = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Steps:
    """Steps in an order in which each depends only on earlier ones."""
    names = draw(st.lists(st.text("abcdefgh", min_size=1, max_size=3), max_size=12, unique=True))
    return {
        name: draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        for number, name in enumerate(names)
    }


@st.composite
def circular_graphs(draw: st.DrawFn) -> Steps:
    """The same with one dependency back: of a step on itself, or on one that needs it."""
    steps = draw(graphs().filter(bool))
    first = draw(st.sampled_from(sorted(steps)))
    reached = draw(st.sampled_from(sorted(needing(steps, first))))
    return {**steps, first: [*steps[first], reached]}


def needing(steps: Steps, name: str) -> set[str]:
    """A step and all that depend on it, in however many turns."""
    found: set[str] = set()
    fresh = {name}
    while fresh:
        found |= fresh
        fresh = {step for step, needed in steps.items() if fresh & set(needed)} - found
    return found


def definition_of(steps: Steps) -> dict[str, Any]:
    return {
        "name": "report",
        "steps": [{"id": step, "depends_on": needed} for step, needed in steps.items()],
    }


@given(graphs())
def test_any_graph_that_has_an_order_passes(steps: Steps) -> None:
    assert find_cycle(steps) is None
    assert outline_of(definition_of(steps)).name == "report"


@given(circular_graphs())
def test_any_dependency_back_is_found_and_the_cycle_is_real(steps: Steps) -> None:
    cycle = find_cycle(steps)
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    assert all(needed in steps[step] for step, needed in pairwise(cycle))
    with pytest.raises(ValueError, match="in a circle"):
        outline_of(definition_of(steps))


def test_the_sentence_shows_the_cycle() -> None:
    steps = {"start": [], "a": ["start", "b"], "b": ["a"]}
    with pytest.raises(ValueError, match="in a circle") as caught:
        outline_of(definition_of(steps))
    assert "a -> b -> a" in str(caught.value) or "b -> a -> b" in str(caught.value)
    with pytest.raises(ValueError, match=r"in a circle, a -> a: take"):
        outline_of(definition_of({"a": ["a"]}))


def test_a_long_chain_is_no_problem_and_a_long_circle_is_shown_by_its_ends() -> None:
    names = [f"step{n}" for n in range(10_000)]
    chain: Steps = {names[0]: []} | {name: [before] for before, name in pairwise(names)}
    assert outline_of(definition_of(chain)).name == "report"
    circle = chain | {names[0]: [names[-1]]}
    with pytest.raises(ValueError, match=r"\(9981 more\)") as caught:
        outline_of(definition_of(circle))
    assert str(caught.value).count(" -> ") == MOST_SHOWN


def test_the_outline_of_a_whole_definition() -> None:
    workflow_id = new_id()
    outline = outline_of(
        {
            "id": workflow_id,
            "name": "report",
            "version": "2.1",
            "description": "Writes the report",
            "status": "paused",
            "owner": {"anything": True},
            "concurrency": 3,
            "timeout_secs": 90,
            "triggers": [{"cron": "0 9 * * *"}],
            "steps": [
                {
                    "id": "collect",
                    "name": "Collect",
                    "type": "agent",
                    "condition": "always",
                    "timeout_secs": 0.5,
                    "retry": {"max_attempts": 1000, "jitter": "full"},
                    "config": {"x": [1]},
                }
            ],
            "metadata": {},
            "of_somebody_else": None,
        }
    )
    assert outline.id == workflow_id
    assert (outline.name, outline.version, outline.status) == ("report", "2.1", "paused")
    assert (outline.concurrency, outline.timeout_secs) == (3, 90.0)
    assert outline.description == "Writes the report"


def test_all_but_the_name_may_be_left_out_or_nil() -> None:
    empty = dict.fromkeys(
        ["id", "version", "status", "description", "concurrency", "timeout_secs", "steps"]
    )
    plain = outline_of({"name": "report"})
    assert plain == outline_of({"name": "report", **empty})
    assert (plain.id, plain.version, plain.status) == (None, "1.0.0", "active")
    assert (plain.description, plain.concurrency, plain.timeout_secs) == ("", None, None)


YEAR = 366 * 86400


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": None}, "needs a name"),
        ({"name": "two words"}, "is not a name"),
        ({"name": 7}, "name must be text"),
        ({"id": "7"}, "is not an id"),
        ({"version": 1.0}, r"version must be text \(in YAML: in quotes\), not 1.0"),
        ({"version": ""}, "1-64 characters, not 0"),
        ({"version": "v" * 65}, "1-64 characters, not 65"),
        ({"description": ["x"]}, "description must be text"),
        ({"status": "done"}, "none of draft, active, paused, archived"),
        ({"concurrency": 0}, "whole number from 1"),
        ({"concurrency": True}, "whole number from 1"),
        ({"concurrency": 1.5}, "whole number from 1"),
        ({"timeout_secs": 0}, "more than 0"),
        ({"timeout_secs": -1}, "more than 0"),
        ({"timeout_secs": YEAR + 1}, "at most 31622400 seconds"),
        ({"timeout_secs": float("nan")}, "more than 0"),
        ({"timeout_secs": float("inf")}, "at most"),
        ({"timeout_secs": "60"}, "number of seconds, not '60'"),
        ({"timeout_secs": True}, "number of seconds"),
        ({"triggers": {}}, "triggers must be a list"),
        ({"metadata": []}, "metadata must be a map"),
        ({"steps": {}}, "steps must be a list"),
        ({"steps": ["a"]}, r"steps\[0\] must be a map with an id, not 'a'"),
        ({"steps": [{}]}, r"steps\[0\] has no id"),
        ({"steps": [{"id": ""}]}, "1-256 characters"),
        ({"steps": [{"id": "x" * 257}]}, "1-256 characters"),
        ({"steps": [{"id": 3}]}, r"steps\[0\].id must be text"),
        ({"steps": [{"id": "a"}, {"id": "a"}]}, "two steps have the id 'a'"),
        ({"steps": [{"id": "a", "name": 1}]}, "name of step 'a' must be text"),
        ({"steps": [{"id": "a", "type": 1}]}, "type of step 'a' must be text"),
        ({"steps": [{"id": "a", "timeout_secs": 0}]}, "timeout_secs of step 'a'"),
        ({"steps": [{"id": "a", "retry": 3}]}, "retry of step 'a' must be a map"),
        ({"steps": [{"id": "a", "retry": {"max_attempts": 0}}]}, "from 1 to 1000, not 0"),
        ({"steps": [{"id": "a", "retry": {"max_attempts": 1001}}]}, "from 1 to 1000"),
        ({"steps": [{"id": "a", "depends_on": "b"}]}, "depends_on of step 'a' must be a list"),
        ({"steps": [{"id": "a", "depends_on": [1]}]}, "ids of steps, not 1"),
        ({"steps": [{"id": "a", "depends_on": ["b"]}]}, "depends on 'b', which is no step"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        outline_of({"name": "report", **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, [], "report", 7])
def test_a_definition_is_a_map(value: Any) -> None:
    with pytest.raises(ValueError, match="a definition must be a map with a name"):
        outline_of(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_anything_else_is_refused_with_a_value_error(value: Any) -> None:
    fields = ["version", "status", "concurrency", "timeout_secs", "steps", "triggers", "id"]
    for field in fields:
        try:
            outline_of({"name": "report", field: value})
        except ValueError as error:
            assert str(error)  # noqa: PT017 - whether it raises depends on the value
