"""Rules about configurations, tasks and tool executions."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.daemon.plain import Json
from tests.model.filing import (
    DeleteTask,
    EndTool,
    MakeTask,
    MoveTask,
    SetValue,
    StartTool,
    UnsetValue,
)
from tests.model.scene import HOW, PICK, Scene, pick
from tests.model.shelf import TASK_MOVES, Shelf

CLIENT = st.integers(0, 2)
KEYS = st.sampled_from(["red", "green"])
VALUES = st.integers(0, 3)


class RecordRules(Scene):
    """Whatever several bots keep together."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.settings: list[tuple[int, SetValue]] = []
        self.told_before = self.world.watcher.ok("get_channel", name="botbus.config")["channel"][
            "last_seq"
        ]

    @rule(
        client=CLIENT,
        word=KEYS,
        value=VALUES,
        condition=st.sampled_from(["", "", "absent", "value"]),
        guess=VALUES,
        how=HOW,
    )
    def set_value(
        self, client: int, word: str, value: int, condition: str, guess: int, how: str
    ) -> None:
        conditions: dict[str, Json] = {
            "": {},
            "absent": {"if_absent": True},
            "value": {"if_value": guess},
        }
        setting = SetValue(self.shelf, self.key(word), value, conditions[condition])
        self.carry_out(client, [setting], how)
        if setting.done:
            self.settings.append((client, setting))

    def key(self, word: str) -> str:
        return f"{self.world.prefix}.{word}"

    @rule(client=CLIENT, word=KEYS, how=HOW)
    def unset_value(self, client: int, word: str, how: str) -> None:
        self.carry_out(client, [UnsetValue(self.shelf, self.key(word))], how)

    @rule(number=PICK)
    def set_it_again_much_later(self, number: int) -> None:
        """The same change: it is not made twice, whatever the value is by now."""
        there = [one for one in self.settings if one[1].key in self.shelf.values]
        if there:
            client, setting = pick(number, there)
            setting.fresh = False
            (reply,) = self.world.clients[client].ask(setting.request)
            setting.answered(reply)

    @rule(client=CLIENT, how=HOW)
    def make_task(self, client: int, how: str) -> None:
        self.number += 1
        self.carry_out(client, [MakeTask(self.shelf, f"task {self.number}")], how)

    @rule(client=CLIENT, number=PICK, status=st.sampled_from(sorted(TASK_MOVES)), how=HOW)
    def move_task(self, client: int, number: int, status: str, how: str) -> None:
        if self.shelf.tasks:
            task = pick(number, list(self.shelf.tasks))
            self.carry_out(client, [MoveTask(self.shelf, task, status)], how)

    @rule(client=CLIENT, number=PICK, how=HOW)
    def delete_task(self, client: int, number: int, how: str) -> None:
        if len(self.shelf.tasks) > 2:
            self.carry_out(
                client, [DeleteTask(self.shelf, pick(number, list(self.shelf.tasks)))], how
            )

    @rule(client=CLIENT, number=PICK, how=HOW, poisoned=st.booleans())
    def start_tool(self, client: int, number: int, how: str, poisoned: bool) -> None:
        """With its task's first move, in one atomic frame."""
        if not self.shelf.tasks:
            return
        task = pick(number, list(self.shelf.tasks))
        frame = [StartTool(self.shelf, task), MoveTask(self.shelf, task, "running")]
        if poisoned:
            self.refuse(client, frame)
        else:
            self.carry_out(client, frame, how, atomic=True)

    @rule(client=CLIENT, number=PICK, status=st.sampled_from(["completed", "failed"]), how=HOW)
    def end_tool(self, client: int, number: int, status: str, how: str) -> None:
        if self.shelf.executions:
            execution = pick(number, list(self.shelf.executions))
            self.number += 1
            self.carry_out(client, [EndTool(self.shelf, execution, status, self.number)], how)

    @rule()
    def look_at_records(self) -> None:
        watcher = self.world.watcher
        found = watcher.ok("list_configurations", prefix=f"{self.world.prefix}.")["configurations"]
        assert {one["key"]: one["value"] for one in found} == self.shelf.values
        for task, status in self.shelf.tasks.items():
            assert watcher.ok("get_task", id=task)["task"].get("status", "pending") == status
        for execution, expected in self.shelf.executions.items():
            told = watcher.ok("get_tool_execution", id=execution)["tool_execution"]
            status = told.get("status", "running")
            assert (status, told.get("output")) == (expected.status, expected.output)

    def account(self) -> None:
        super().account()
        self.look_at_records()
        assert self.changes() == self.shelf.changes, "subscribers are told of each change once"

    def changes(self) -> list[tuple[str, str, int | None]]:
        after, told = self.told_before, []
        watcher = self.world.watcher
        while page := watcher.ok("history", channel="botbus.config", after=after)["messages"]:
            after = page[-1]["seq"]
            told += [(m["type"], m["body"]["key"], m["body"].get("value")) for m in page]
        return [one for one in told if one[1].startswith(f"{self.world.prefix}.")]
