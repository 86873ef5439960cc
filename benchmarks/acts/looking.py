"""Reading: pages of a hundred, from any place in a large history and in long lists."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import botbus
from benchmarks.bodies import now
from benchmarks.figures import Measured, latencies
from benchmarks.players import Ready

PAGE = 100
WARM_UP = 5

Look = Callable[[random.Random], Awaitable[object]]


async def histories(ready: Ready, url: str, messages: int, bots: int, count: int) -> Measured:
    """Pages of what two bots said to each other, beginning at any seq."""
    async with botbus.connect(url=url) as bus:

        async def look(dice: random.Random) -> object:
            first, second = dice.randrange(bots), dice.randrange(bots)
            return await bus.history(
                between=(f"bot-{first}", f"bot-{second}"),
                before=dice.randrange(messages // 2, messages),
                limit=PAGE,
            )

        ready()
        return await looked(look, count)


async def lists(ready: Ready, url: str, first: float, last: float, count: int) -> Measured:
    """Pages of tasks, with one filter, with several, with none, beginning at any time."""
    filters: tuple[dict[str, str], ...] = (
        {},
        {"status": "completed"},
        {"task_type": "kind-3"},
        {"status": "pending", "task_type": "kind-5"},
        {"workspace_path": "/work/7", "status": "completed"},
        {"workspace_path": "/work/7", "task_type": "kind-7"},
    )
    async with botbus.connect(url=url) as bus:

        async def look(dice: random.Random) -> object:
            begin = datetime.fromtimestamp(dice.uniform(first, last), UTC) + timedelta(seconds=1)
            wanted: dict[str, str] = dice.choice(filters)
            return await bus.tasks.list(created_before=begin, limit=PAGE, **wanted)  # type: ignore[arg-type]  # a filter is one of several literals

        ready()
        return await looked(look, count)


async def looked(look: Look, count: int) -> Measured:
    """Latencies of so many looks, one after the other, at places that are the same in each run."""
    dice = random.Random(7)
    took = []
    for number in range(WARM_UP + count):
        begun = now()
        await look(dice)
        if number >= WARM_UP:
            took.append(now() - begun)
    return latencies(took)
