"""A player, from inside: reads what to perform, performs it under plain asyncio, as a bot would.

It ends when nobody talks to it any more.
"""

import asyncio
import importlib
import json
import os
import sys
from typing import Any


def say(word: str, value: object) -> None:
    os.write(sys.stdout.fileno(), json.dumps({word: value}).encode() + b"\n")


async def perform(call: dict[str, Any]) -> None:
    act = getattr(importlib.import_module(call["module"]), call["name"])
    measured = await act(lambda: say("ready", True), *call["args"], **call["kwargs"])
    say("measured", measured)


def main() -> None:
    for line in iter(sys.stdin.readline, ""):
        asyncio.run(perform(json.loads(line)))


if __name__ == "__main__":
    main()
