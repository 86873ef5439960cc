"""The sentence that says what a run waits for."""

from typing import Any

import pytest

from botbus_daemon.runs.why import Surroundings, explain
from botbus_protocol.records import Run, Wait

SOON = "2026-01-01T00:00:00.000000Z"


def run(status: str, **fields: Any) -> Run:
    return Run(
        seq=1,
        id="ID",
        workflow_id="W",
        workflow="release",
        version="1.0.0",
        status=status,  # type: ignore[arg-type]
        **fields,
    )


def why(of: Run, **around: Any) -> str:
    return explain(of, Surroundings(**around))


@pytest.mark.parametrize(
    ("of", "around", "sentence"),
    [
        (run("completed", completed_at=SOON), {}, "It waits for nothing: it completed at "),
        (run("cancelled", completed_at=SOON), {}, "it was cancelled at "),
        (run("failed", completed_at=SOON, error="no disk"), {}, "(no disk); `botbus run retry ID`"),
        (run("running", holder="w", holder_pid=7), {}, "It is being run by w (process 7)."),
        (run("running", holder="w"), {"current_steps": ["a"]}, "run by w, at step a."),
        (run("running", holder="w"), {"current_steps": ["a", "b"]}, "at steps a, b."),
        (run("running", holder="w", pausing=True), {}, "pause at its next checkpoint"),
        (run("paused", held=True), {}, "`botbus run resume ID` lets it go on"),
        (run("crashed", crashes=1), {}, "No connected worker works on workflow 'release'"),
        (
            run("pending"),
            {"namesakes": [None, "ann"]},
            "works on this workflow 'release' (only on that of all bots, that of ann, which is",
        ),
        (run("pending"), {"offers": {"1.0.0": 1}}, "for the worker of workflow 'release'"),
        (run("pending"), {"offers": {"1.0.0": 3}}, "one of 3 workers"),
        (run("pending"), {"offers": {"2": 1, "3": 2}}, "workers have only 2, 3"),
        (run("pending"), {"workflow_status": "paused"}, "is paused: it is claimed once"),
        (
            run("pending"),
            {"offers": {"1.0.0": 1}, "concurrency": 2, "running": 2},
            "2 runs of workflow 'release' are running, and it allows 2",
        ),
        (
            run("pending", queued=True, concurrency_key="k"),
            {"slot_holders": ["X"]},
            "waits for run X, with the same concurrency key 'k', to end",
        ),
        (
            run("pending", queued=True, concurrency_key="k"),
            {"slot_holders": list("abcde")},
            "runs a, b, c and 2 more",
        ),
        (run("pending", waits=[Wait(kind="delay", due_at=SOON)]), {}, f"It starts at {SOON}"),
        (
            run("crashed", crashes=5, waits=[Wait(kind="backoff", due_at=SOON)]),
            {},
            f"died 5 times without finishing a step: it is offered again at {SOON}",
        ),
        (run("paused", waits=[Wait(kind="backoff", due_at=SOON)]), {}, f"its next try at {SOON}"),
        (run("pending", waits=[Wait(kind="timeout", due_at=SOON)]), {}, "No connected worker"),
    ],
)
def test_it_names_the_reason(of: Run, around: dict[str, Any], sentence: str) -> None:
    assert sentence in why(of, **around)


@pytest.mark.parametrize(
    ("wait", "sentence"),
    [
        (Wait(kind="sleep", step_id="s", due_at=SOON), f"the end of the sleep 's' at {SOON}."),
        (Wait(kind="approval", step_id="s"), "the approval of step 's'."),
        (
            Wait(kind="approval", step_id="s", due_at=SOON),
            f"the approval of step 's', until {SOON}.",
        ),
        (Wait(kind="child", step_id="s", child="C"), "its child C (step 's')."),
        (Wait(kind="message", step_id="s", bot="w"), "a message to w (step 's')."),
        (
            Wait(kind="message", step_id="s", channel="ci", type="done", sender="x", reply_to="M"),
            "a message of type 'done' in channel ci from x in reply to M (step 's').",
        ),
    ],
)
def test_it_names_what_is_waited_for(wait: Wait, sentence: str) -> None:
    assert why(run("paused", waits=[wait])) == f"It waits for {sentence}"


def test_it_names_all_that_is_waited_for_up_to_a_number() -> None:
    waits = [Wait(kind="approval", step_id=name) for name in "abcde"]
    sentence = why(run("paused", waits=waits))
    assert "'a', for the approval of step 'b'" in sentence
    assert sentence.endswith(" and 2 more.")
