"""docs/workflows.md: its examples are what the daemon takes, its figures are those of the code."""

import inspect
import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import botbus
from botbus.workflows.conversing import named
from botbus_daemon.runs.settings import WorkflowPolicy
from botbus_protocol.codec import decode_frame
from botbus_protocol.definitions import LONGEST_TIMEOUT, MAX_STEP_ID, MOST_ATTEMPTS, outline_of
from botbus_protocol.errors import Fault
from botbus_protocol.limits import DEFAULT_LIMITS
from botbus_protocol.records import WaitKind
from botbus_protocol.requests import WaitFor
from botbus_protocol.run_events import CRASHED, RUN_CHANNEL, RunEventType
from botbus_storage.writing.workflows import crashes

PAGE = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text()
WORDS = " ".join(PAGE.split())


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```json {kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", blocks("frame"))
def test_frames_are_understood(text: str) -> None:
    frame = decode_frame(msgspec.msgpack.encode(json.loads(text)), DEFAULT_LIMITS)
    assert frame.requests
    assert not [request for request in frame.requests if isinstance(request, Fault)]
    for request, told in zip(frame.requests, json.loads(text)["requests"], strict=True):
        assert not isinstance(request, Fault)
        assert set(told) - {"op"} <= set(request.__struct_fields__)


def test_the_exactly_once_frame_is_atomic() -> None:
    *_, last = blocks("frame")
    assert json.loads(last)["atomic"] is True


def test_the_definition_is_accepted() -> None:
    (text,) = blocks("definition")
    assert outline_of(json.loads(text)).name == "release"


def test_the_circle_is_shown_as_the_page_says() -> None:
    steps = [{"id": "a", "depends_on": ["b"]}, {"id": "b", "depends_on": ["a"]}]
    with pytest.raises(ValueError, match="in a circle") as caught:
        outline_of({"name": "x", "steps": steps})
    said = str(caught.value).replace("b -> a -> b", "a -> b -> a").split(":")[0]
    assert f"`{said}`" in WORDS


@pytest.mark.parametrize(
    "sentence",
    [
        f"after `most_crashes` ({WorkflowPolicy().most_crashes})",
        f"`keep_days` ({WorkflowPolicy().keep_days:g})",
        f"`keep_runs` ({WorkflowPolicy().keep_runs:,})",
        f"`step_output_bytes` ({DEFAULT_LIMITS.step_output_bytes:,})",
        f"`context_bytes` ({DEFAULT_LIMITS.context_bytes:,})",
        f"The first {crashes.AT_ONCE} crashes in a row",
        f"after {crashes.FIRST_BACKOFF:g} s, then 2, 4 … up to {crashes.MOST_BACKOFF:g} s",
        f"at most {LONGEST_TIMEOUT / 86400:g} days",
        f"1-{MAX_STEP_ID} characters, unique in the definition",
        f"`max_attempts` is from 1 to {MOST_ATTEMPTS}",
        f"channel `{RUN_CHANNEL}`",
        f'"{CRASHED}"',
    ],
)
def test_figures_are_those_of_the_code(sentence: str) -> None:
    assert sentence in WORDS


def test_all_events_and_all_kinds_of_waits_are_told() -> None:
    assert [event for event in get_args(RunEventType) if f"`{event}`" not in PAGE] == []
    kinds = get_args(WaitFor.__annotations__["kind"])
    assert set(kinds) < set(get_args(WaitKind))
    assert [kind for kind in kinds if f"| `{kind}` |" not in PAGE] == []


@pytest.mark.parametrize("kind", ["send", "publish", "ask"])
def test_steps_without_a_name_are_called_as_the_page_says(kind: str) -> None:
    to = "builds" if kind == "publish" else "coder"
    assert f"`{named(kind, to, 'message')}`; with a type `{named(kind, to, 'TYPE')}`" in WORDS


@pytest.mark.parametrize(
    "error",
    [
        botbus.StepFailed("tag", "no disk"),
        botbus.StepTimeout("tag", "no time"),
        botbus.RunFailed("run", "no disk"),
        botbus.RunCancelled("run"),
    ],
)
def test_exceptions_have_what_the_page_says(error: botbus.BusError) -> None:
    (row,) = re.findall(rf"^\| `botbus\.{type(error).__name__}` \|.*\|(.*)\|$", PAGE, re.MULTILINE)
    told = set(re.findall(r"`\.(\w+)`", row))
    assert told == set(vars(error)) - {"message", "code", "details"}


def test_what_a_body_may_await_is_all_that_a_run_awaits() -> None:
    """Everything that is async in a run, and nothing else."""
    (rule,) = re.findall(r"only what `run` gives\*\* - (.*?) - one after", WORDS)
    asynchronous = {
        name
        for name, what in inspect.getmembers(botbus.Run)
        if name[0] != "_" and inspect.iscoroutinefunction(what)
    }
    assert set(re.findall(r"`run\.(\w+)`", rule)) == asynchronous
