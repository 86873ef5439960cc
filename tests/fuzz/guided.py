"""The guided fuzzer: it keeps frames that reach new lines of the protocol, and mutates those further.

A program of its own, since atheris takes its process for good:
`python -m tests.fuzz.guided CORPUS -max_total_time=60`, with libFuzzer's options. What fails is left in
a file `crash-…` of the working folder, and run again by giving that file in place of CORPUS.
"""

import sys
from random import Random

import atheris
import msgpack  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["botbus_protocol"]):
    import botbus_protocol.codec  # noqa: F401 - before anything else imports it

from tests.fuzz.mutation import spoiled_value
from tests.fuzz.test_codec import check


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """A frame with one wrong value; or wrong bytes, as libFuzzer likes, and where it is no frame."""
    random = Random(seed)
    if random.randrange(2):
        try:
            found: bytes = msgpack.packb(spoiled_value(msgpack.unpackb(data), random))
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
            pass  # no frame, or one that is too deep
        else:
            return found[:most]
    guessed: bytes = atheris.Mutate(data, most)
    return guessed


def main() -> None:
    atheris.Setup(sys.argv, check, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
