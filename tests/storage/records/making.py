"""Records that other records need."""

from botbus_protocol.grammar import new_id
from botbus_protocol.records import Task
from botbus_storage.record_operations.tasks import CreateTask
from botbus_storage.store import Store


async def made(store: Store, title: str = "Fix #12", **fields: object) -> Task:
    given = {"id": new_id(), "title": title, "task_type": "script", **fields}
    return (await store.tasks.create_task(CreateTask(**given))).record  # type: ignore[arg-type] # as given
