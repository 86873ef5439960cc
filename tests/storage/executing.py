"""Operations, carried out by an engine in one batch."""

from botbus_storage.engine import Group, Result, SqliteEngine
from botbus_storage.operations import Operation, Saved


def run(engine: SqliteEngine, *operations: Operation, atomic: bool = False) -> list[Result]:
    (results,) = engine.execute([Group(operations, atomic)])
    return results


def outcome(engine: SqliteEngine, operation: Operation) -> Result:
    return run(engine, operation)[0]


def saved(result: Result) -> Saved:
    assert isinstance(result, Saved), result
    return result
