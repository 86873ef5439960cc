"""The questions about workflows go through indexes, however much there is, and sort no large rows."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from botbus_protocol.grammar import new_id
from botbus_storage.connection import connect_plainly
from botbus_storage.reading import retention, runs, schedules, steps, waits, workflows
from botbus_storage.reading.runs import RunScope
from botbus_storage.reading.waits import OpenWait
from botbus_storage.reading.workflows import Shelf
from botbus_storage.workflow_operations import StepWait
from tests.storage.statements import statements_of

ID = new_id()
TIME = "2026-01-01T00:00:00.000000Z"

Question = Callable[[sqlite3.Connection], Any]


def listing(**scope: Any) -> Question:
    return partial(runs.list_runs, scope=RunScope(**scope))


def looking(**wait: Any) -> Question:
    wanted = OpenWait(run="r", step="s", wait=StepWait(kind="message", **wait))
    return partial(waits.messages_for, wanted=wanted, now=TIME, after=7, limit=10)


QUESTIONS: dict[str, Question] = {
    "runs of a workflow": listing(workflow="report"),
    "runs of a workflow by id": listing(workflow=ID),
    "runs by state": listing(status="failed"),
    "runs by workflow and state": listing(workflow="report", status="failed"),
    "runs by key": listing(key="k"),
    "runs by key and workflow": listing(key="k", workflow="report"),
    "runs by time": listing(created_after=TIME, created_before=TIME),
    "runs before one": listing(before=9),
    "text in runs of a workflow": listing(workflow="report", text="x"),
    "crashed runs": partial(runs.list_crashed_runs, after=7, limit=10),
    "what is around a run": partial(runs.read_around, run_id=ID),
    "steps": partial(steps.list_step_logs, run_id=ID, after=7, limit=10, all_rows=True),
    "steps that count": partial(steps.list_step_logs, run_id=ID, after=7, limit=10, all_rows=False),
    "count of steps": partial(steps.count_steps, run_id=ID),
    "approvals": partial(steps.waiting_approvals, run_id=None, after=7, limit=10),
    "the earliest end": waits.earliest_due,
    "messages in a mailbox": looking(bot_id=ID),
    "answers in a mailbox": looking(bot_id=ID, reply_to=ID),
    "messages in a channel": looking(channel="builds"),
    "answers in a channel": looking(channel="builds", reply_to=ID),
    "the definition of a run": partial(workflows.definition_of_run, run_id=ID),
    "a definition by owner": partial(
        workflows.owned_definition, name="report", owner_type="bot", owner_bot_id=ID
    ),
    "what a name means": lambda c: workflows.resolve_id(c, "report", ID),
    "a page of definitions": partial(workflows.list_definitions, shelf=Shelf(after=("a", ID))),
    "what comes next": partial(schedules.next_schedules, limit=10),
    "what is old": partial(retention.prunable_runs, ended_before=TIME, keep=5, most=10),
}

GROWING = re.compile(r"SCAN (r|s|a|d|m|workflow_runs|workflow_steps|bot_messages)\b")
"""The tables that grow with the work that is done, under the names they have in statements."""

_WORKFLOW = """
    INSERT INTO workflows (id, name, owner_type, owner_bot_id, definition, version, created_at,
        updated_at)
    VALUES (?, 'report', 'global', NULL, '{}', '1', '', '')
"""
_RUN = """
    INSERT INTO workflow_runs (id, workflow_id, workflow_name, workflow_version, snapshot_id, status,
        trigger_type, created_at, started_by_bot_id, concurrency_key)
    VALUES (?, ?, 'report', '1', 1, 'pending', 'manual', '', '', 'k')
"""


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    connection = connect_plainly(database)
    connection.execute(_WORKFLOW, (ID,))
    connection.execute(_RUN, (ID, ID))
    yield connection
    connection.close()


def plans(connection: sqlite3.Connection, question: Question) -> dict[str, list[tuple[int, str]]]:
    """For each statement of a question its plan: the parent and the words of each line."""
    with statements_of(connection) as said:
        question(connection)
    return {
        statement: [
            (row[1], row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
        for statement in said
        if statement.lstrip().upper().startswith("SELECT")
    }


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_questions_go_through_indexes(connection: sqlite3.Connection, question: Question) -> None:
    found = plans(connection, question)
    assert found
    for statement, plan in found.items():
        for _, words in plan:
            by_index = "USING INDEX idx_workflow_schedules_next" in words
            assert by_index or GROWING.match(words) is None, (statement, words)


LARGE = re.compile(r"\b(trigger_payload|output|body)\b")
PAGES = [
    name
    for name in QUESTIONS
    if name.startswith(("runs", "steps", "crashed", "approvals", "messages", "answers"))
]


@pytest.mark.parametrize("name", PAGES)
def test_large_rows_are_not_sorted(connection: sqlite3.Connection, name: str) -> None:
    """A page ends when it is large enough: its rows have to come one by one, in order."""
    found = plans(connection, QUESTIONS[name])
    large = {text: plan for text, plan in found.items() if LARGE.search(text)}
    assert large
    for statement, plan in large.items():
        at_the_top = [words for parent, words in plan if parent == 0]
        assert not any("TEMP B-TREE" in words for words in at_the_top), (statement, plan)
