"""Records that other records need."""

from typing import Any

from tests.daemon.plain import Json, Plain, new_id


def made(bot: Plain, title: str = "t", **fields: Any) -> Json:
    """A task."""
    fields = {"task_type": "script", **fields}
    task: Json = bot.ok("create_task", id=new_id(), title=title, **fields)["task"]
    return task
