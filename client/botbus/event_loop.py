"""What the client needs of an event loop, whichever it is."""

import asyncio
from collections.abc import Callable
from typing import Any

from anyio.lowlevel import current_token

from botbus.promises import EventPromise, Promise

Callback = Callable[[], object]


class EventLoop:
    """The event loop that was running when this was made, as something to call functions in."""

    def __init__(self) -> None:
        native: Any = current_token().native_token
        self.is_asyncio = isinstance(native, asyncio.AbstractEventLoop)
        self._from_thread = getattr(native, "call_soon_threadsafe", None) or native.run_sync_soon
        self.soon: Callable[[Callback], object] = (
            getattr(native, "call_soon", None) or native.run_sync_soon
        )
        """Calls a function once the tasks that are ready now have run. From the loop's thread."""
        self.promise: Callable[[], Promise[Any]] = (
            getattr(native, "create_future", None) or EventPromise
        )
        """Makes a promise, as cheaply as this event loop can."""

    def wake(self, function: Callback) -> None:
        """Calls a function in the loop, from any thread; does nothing if the loop has ended."""
        try:
            self._from_thread(function)
        except RuntimeError:
            return
