"""Operations on configurations, tasks and tool executions.

Each knows how it is to be answered as things are (`expected`), and what it then does (`take_effect`).
After a kill it may have been carried out before: then a repeat changes nothing.
"""

from abc import abstractmethod

from tests.daemon.plain import Json, new_id
from tests.model.operations import Operation, outcome
from tests.model.shelf import TASK_MOVES, Execution, Shelf


class Filing(Operation):
    """An operation on one record."""

    def __init__(self, shelf: Shelf, op: str, **fields: object) -> None:
        self.shelf = shelf
        self.request = {"op": op, **{k: v for k, v in fields.items() if v is not None}}
        self.done = False

    @abstractmethod
    def expected(self) -> str:
        """changed, unchanged, or the code of the error."""

    @abstractmethod
    def take_effect(self) -> None:
        """Tells the oracle."""

    def errors(self) -> set[str]:
        return {self.expected()} - {"changed", "unchanged"}

    def answered(self, reply: Json) -> None:
        expected = "unchanged" if self.done else self.expected()
        told = _outcome(reply)
        allowed = {expected, "unchanged"} if self.fresh is None else {expected}
        assert told in allowed, (self.request, reply, expected)
        if expected == "changed":
            self.done = True
            self.take_effect()


def _outcome(reply: Json) -> str:
    """A record says that it was changed, and everything else that it was not."""
    if "ok" in reply and reply["ok"]["kind"] != "done":
        return "changed" if reply["ok"].get("changed", False) else "unchanged"
    return outcome(reply)


class SetValue(Filing):
    """set_configuration, perhaps on a condition."""

    def __init__(self, shelf: Shelf, key: str, value: int, condition: Json) -> None:
        super().__init__(shelf, "set_configuration", id=new_id(), key=key, value=value, **condition)
        self.key, self.value, self.condition = key, value, condition

    def expected(self) -> str:
        now = self.shelf.values.get(self.key)
        if self.condition.get("if_absent") and now is not None:
            return "conflict"
        if "if_value" in self.condition and now != self.condition["if_value"]:
            return "conflict"
        return "unchanged" if now == self.value else "changed"

    def take_effect(self) -> None:
        self.shelf.set(self.key, self.value)

    def probe(self) -> Json:
        return {"op": "get_configuration", "key": self.key}

    def probed(self, reply: Json) -> bool | None:
        if self.expected() != "changed":
            return None
        value = reply["ok"]["configuration"]["value"] if "ok" in reply else None
        if value == self.value:
            self.take_effect()
        return bool(value == self.value)


class UnsetValue(Filing):
    def __init__(self, shelf: Shelf, key: str) -> None:
        super().__init__(shelf, "unset_configuration", id=new_id(), key=key)
        self.key = key

    def expected(self) -> str:
        return "changed" if self.key in self.shelf.values else "unchanged"

    def take_effect(self) -> None:
        self.shelf.unset(self.key)


class MakeTask(Filing):
    def __init__(self, shelf: Shelf, title: str) -> None:
        super().__init__(shelf, "create_task", id=new_id(), title=title, task_type="tool")

    def expected(self) -> str:
        return "changed"

    def take_effect(self) -> None:
        self.shelf.tasks[self.request["id"]] = "pending"


class MoveTask(Filing):
    """update_task_status"""

    def __init__(self, shelf: Shelf, task: str, status: str) -> None:
        super().__init__(shelf, "update_task_status", id=task, status=status)
        self.task, self.status = task, status

    def expected(self) -> str:
        now = self.shelf.tasks.get(self.task)
        if now is None:
            return "not_found"
        if now == self.status:
            return "unchanged"
        return "changed" if self.status in TASK_MOVES[now] else "illegal_state"

    def take_effect(self) -> None:
        self.shelf.tasks[self.task] = self.status

    def probe(self) -> Json:
        return {"op": "get_task", "id": self.task}

    def probed(self, reply: Json) -> bool | None:
        if self.expected() != "changed":
            return None
        moved = reply["ok"]["task"].get("status", "pending") == self.status
        if moved:
            self.take_effect()
        return bool(moved)


class DeleteTask(Filing):
    def __init__(self, shelf: Shelf, task: str) -> None:
        super().__init__(shelf, "delete_task", id=task)
        self.task = task

    def expected(self) -> str:
        return "changed" if self.task in self.shelf.tasks else "unchanged"

    def take_effect(self) -> None:
        self.shelf.delete_task(self.task)


class StartTool(Filing):
    def __init__(self, shelf: Shelf, task: str) -> None:
        super().__init__(shelf, "start_tool_execution", id=new_id(), task_id=task, tool_name="saw")
        self.task = task

    def expected(self) -> str:
        return "changed" if self.task in self.shelf.tasks else "not_found"

    def take_effect(self) -> None:
        self.shelf.executions[self.request["id"]] = Execution(self.task)


class EndTool(Filing):
    """finish_tool_execution: an entry that has ended is never changed."""

    def __init__(self, shelf: Shelf, execution: str, status: str, output: int) -> None:
        told = {"output": output} if status == "completed" else {"error": f"broken {output}"}
        super().__init__(shelf, "finish_tool_execution", id=execution, status=status, **told)
        self.execution, self.status, self.output = execution, status, told.get("output")

    def expected(self) -> str:
        now = self.shelf.executions.get(self.execution)
        if now is None:
            return "not_found"
        return "changed" if now.status == "running" else "illegal_state"

    def take_effect(self) -> None:
        now = self.shelf.executions[self.execution]
        now.status, now.output = self.status, self.output
