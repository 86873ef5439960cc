"""The places of tasks in workflows.

A sequence is a number, smaller ones come first. New tasks go behind all others; a reordering names all
tasks of the workflow and numbers them anew.
"""

from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import WorkflowTask
from botbus_protocol.requests.tasks import LAST_SEQUENCE
from botbus_storage.operations import Changed
from botbus_storage.reading.records.rows import WORKFLOW_TASK, workflow_task_of
from botbus_storage.reading.records.tasks import find_workflows, the_workflow
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.record_operations.tasks import (
    AddWorkflowTask,
    RemoveWorkflowTask,
    ReorderWorkflowTasks,
)
from botbus_storage.writing.records.rows import insert
from botbus_storage.writing.records.tasks import required_task
from botbus_storage.writing.transaction import Transaction

_PLACE = f"{WORKFLOW_TASK} WHERE p.workflow_id = ? AND p.task_id = ?"
_LAST = "SELECT coalesce(max(sequence) + 1, 0) FROM workflow_tasks WHERE workflow_id = ?"
_MOVE = "UPDATE workflow_tasks SET sequence = ? WHERE workflow_id = ? AND task_id = ?"
_REMOVE = "DELETE FROM workflow_tasks WHERE workflow_id = ? AND task_id = ?"
_ALL = "SELECT task_id, sequence FROM workflow_tasks WHERE workflow_id = ?"


def add_workflow_task(tx: Transaction, op: AddWorkflowTask) -> Kept[WorkflowTask]:
    workflow_id = the_workflow(find_workflows(tx.connection, op.workflow), op.workflow)
    required_task(tx, op.task_id)
    there = tx.connection.execute(_PLACE, (workflow_id, op.task_id)).fetchone()
    if there is None:
        row = {"workflow_id": workflow_id, "task_id": op.task_id, "created_at": tx.now}
        sequence = _behind_all(tx, workflow_id) if op.sequence is None else op.sequence
        insert(tx, "workflow_tasks", row | {"sequence": sequence})
        return Kept(record=_placed(tx, workflow_id, op.task_id))
    place = workflow_task_of(there)
    if op.sequence in (None, place.sequence):
        return Kept(record=place, changed=False)
    tx.connection.execute(_MOVE, (op.sequence, workflow_id, op.task_id))
    return Kept(record=_placed(tx, workflow_id, op.task_id))


def remove_workflow_task(tx: Transaction, op: RemoveWorkflowTask) -> Changed:
    workflow_id = the_workflow(find_workflows(tx.connection, op.workflow), op.workflow)
    gone = tx.connection.execute(_REMOVE, (workflow_id, op.task_id)).rowcount == 1
    return Changed(changed=gone)


def reorder_workflow_tasks(tx: Transaction, op: ReorderWorkflowTasks) -> Changed:
    workflow_id = the_workflow(find_workflows(tx.connection, op.workflow), op.workflow)
    places = dict(tx.connection.execute(_ALL, (workflow_id,)).fetchall())
    if places.keys() != set(op.task_ids):
        raise Refused(
            Code.CONFLICT,
            f"workflow {op.workflow} has {len(places)} tasks, and these are not the same: "
            "list them again and name each of them once",
            missing=sorted(places.keys() - set(op.task_ids))[:10],
            unknown=sorted(set(op.task_ids) - places.keys())[:10],
        )
    moves = [
        (sequence, workflow_id, task_id)
        for sequence, task_id in enumerate(op.task_ids)
        if places[task_id] != sequence
    ]
    tx.connection.executemany(_MOVE, moves)
    return Changed(changed=bool(moves), count=len(op.task_ids))


def _behind_all(tx: Transaction, workflow_id: str) -> int:
    """Raises Refused (`conflict`) if there is no number left."""
    behind: int = tx.connection.execute(_LAST, (workflow_id,)).fetchone()[0]
    if behind > LAST_SEQUENCE:
        raise Refused(
            Code.CONFLICT,
            f"a task of this workflow stands at {LAST_SEQUENCE}, the last place: give it another "
            "sequence, or reorder them",
        )
    return behind


def _placed(tx: Transaction, workflow_id: str, task_id: str) -> WorkflowTask:
    return workflow_task_of(tx.connection.execute(_PLACE, (workflow_id, task_id)).fetchone())
