"""Which finished runs are due to be deleted: by when they ended, and by how many there are.

Found in an index of finished runs by workflow, by a reader, so that nobody waits for the search: the
writer is only told what to delete.
"""

import heapq
import sqlite3

_WORKFLOWS = "SELECT id FROM workflows"
_FINISHED = "FROM workflow_runs WHERE workflow_id = :workflow AND completed_at IS NOT NULL"
_COUNT = f"SELECT count(*) {_FINISHED}"
_OLDEST = f"SELECT completed_at, seq {_FINISHED} ORDER BY completed_at LIMIT :most"
_ENDED_BEFORE = f"""
    SELECT completed_at, seq {_FINISHED} AND completed_at < :moment
    ORDER BY completed_at LIMIT :most
"""
_FIRST_END = f"SELECT min(completed_at) {_FINISHED}"


def earliest_end(connection: sqlite3.Connection) -> str | None:
    """When the first of all finished runs ended."""
    workflows = connection.execute(_WORKFLOWS).fetchall()
    found = (
        connection.execute(_FIRST_END, {"workflow": row[0]}).fetchone()[0] for row in workflows
    )
    return min(filter(None, found), default=None)


def prunable_runs(
    connection: sqlite3.Connection, ended_before: str | None, keep: int | None, most: int
) -> list[int]:
    """Seqs of the runs that ended first, at most `most`: those that ended before a stored time, and of
    each workflow those beyond the `keep` that ended last.
    """
    found: set[tuple[str, int]] = set()
    for (workflow,) in connection.execute(_WORKFLOWS).fetchall():
        parameters = {"workflow": workflow, "most": most}
        if ended_before is not None:
            aged = {**parameters, "moment": ended_before}
            found.update(connection.execute(_ENDED_BEFORE, aged))
        if keep is not None:
            count = connection.execute(_COUNT, {"workflow": workflow}).fetchone()[0]
            parameters["most"] = max(0, min(count - keep, most))
            found.update(connection.execute(_OLDEST, parameters))
    return [seq for _, seq in heapq.nsmallest(most, found)]
