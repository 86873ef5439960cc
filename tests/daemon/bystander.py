"""Somebody who uses the bus properly all the while, and notices if it ever lets him down."""

import threading
from types import TracebackType
from typing import Self

from tests.daemon.conftest import Bots
from tests.daemon.plain import Plain


class Bystander:
    """Sends to himself, fetches and acks without a pause, beside a fetch that stays parked.

    Leaving the block asserts that nothing failed, nothing was lost or doubled, and that the parked
    fetch is answered.
    """

    def __init__(self, bots: Bots) -> None:
        self._busy = bots("bystander")
        self._patient = bots("patient")
        self._sender = bots("sender")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._rounds = 0
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._parked = self._patient.parked({"op": "fetch", "wait": 3600})
        self._patient.ok("hello")  # so the fetch has been taken
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        assert self._failure is None, f"the bystander failed: {self._failure!r}"
        assert self._rounds > 0
        self._sender.send(str(self._patient.bot), "good night")
        (delivery,) = self._parked.reply()["ok"]["deliveries"]
        assert delivery["message"]["body"] == "good night"
        self._patient.settle("ack", delivery)

    def _work(self) -> None:
        try:
            while not self._stop.is_set() or self._rounds == 0:
                self._round(self._busy, self._rounds)
                self._rounds += 1
                self._stop.wait(0.002)
        except BaseException as failure:  # noqa: BLE001 - told to the test when it is over
            self._failure = failure

    def _round(self, bot: Plain, number: int) -> None:
        bot.send(str(bot.bot), number)
        (delivery,) = bot.fetch()
        assert delivery["message"]["body"] == number
        assert delivery["attempt"] == 1
        bot.settle("ack", delivery)
