"""Lines from a child process, each awaited for so long and no longer."""

import os
import select
import time
from typing import IO


class Silence(Exception):  # noqa: N818 - what happened, not what is wrong
    """A process said nothing in time, or ended."""


class Lines:
    """Reads a pipe line by line. The pipe must be binary and unbuffered."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = b""

    def next(self, seconds: float) -> bytes:
        """The next line. Raises Silence."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                raise Silence(f"nothing was said for {seconds:g} s")
            chunk = os.read(self._pipe.fileno(), 65536)
            if not chunk:
                raise Silence("the process ended")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line
