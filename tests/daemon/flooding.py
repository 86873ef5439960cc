"""A process that sends as fast as it can and does not care what it is told.

`python FILE URL BOT TO SIZE` keeps two frames of SIZE messages under way, and prints a line when it is
refused for the first time.
"""

import os
import sys
import time
import uuid

import msgpack  # type: ignore[import-untyped]  # it has no types
import pynng

UNDER_WAY = 2


def frame(bot: str, to: str, size: int) -> bytes:
    requests = [{"op": "send", "id": new_id(), "to": to, "body": "flood"} for _ in range(size)]
    packed: bytes = msgpack.packb({"v": 1, "bot": bot, "atomic": False, "requests": requests})
    return packed


def new_id() -> str:
    random = int.from_bytes(os.urandom(8)) >> 2
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | 2 << 62 | random))


def flood(url: str, bot: str, to: str, size: int) -> None:
    with pynng.Req0() as socket:
        socket.recv_max_size = 0
        socket.dial(url, block=True)
        contexts = [socket.new_context() for _ in range(UNDER_WAY)]
        for context in contexts:
            context.send(frame(bot, to, size))
        refused = False
        while True:
            for context in contexts:
                answer = context.recv()
                if not refused and b"retry_after" in answer:
                    refused = True
                    print("refused", flush=True)
                context.send(frame(bot, to, size))


if __name__ == "__main__":
    flood(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
