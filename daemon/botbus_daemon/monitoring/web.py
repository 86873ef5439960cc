"""HTTP/1.1 for whoever watches from this host: one request a connection, and nothing is uploaded.

Invariants: what a client can cost is bounded (connections, header bytes, seconds), and nobody who
speaks to the bus waits for one. A page that fails is a 500, and the daemon goes on.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from http import HTTPStatus
from typing import NamedTuple

from botbus_daemon.claiming import CannotServe, claimed_socket
from botbus_daemon.monitoring.settings import Loopback, Place, is_loopback
from botbus_daemon.socket_file import SocketFile

logger = logging.getLogger(__name__)

HEAD_BYTES = 8192
"""The longest request line with headers."""
MOST = 16
"""Connections at a time; further ones are closed."""
PATIENCE = 5.0
"""Seconds for a request to arrive, and for its answer to leave."""
TEXT = "text/plain; charset=utf-8"


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By name in lower case."""


class Page(NamedTuple):
    """An answer."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


Pages = Mapping[str, Callable[[Asked], Awaitable[Page]]]
"""By path."""


def sentence(status: HTTPStatus, text: str) -> Page:
    return Page(status, f"{text}\n".encode())


@asynccontextmanager
async def open_web(place: Place | None, pages: Pages) -> AsyncIterator[None]:
    """Serves pages at a place, if there is one. Raises CannotServe."""
    if place is None:
        yield
        return
    web = Web(pages, local_names_only=isinstance(place, Loopback))
    with _claimed(place) as at:
        try:
            await web.start(at.bind() if isinstance(at, SocketFile) else bound(at))
        except OSError as error:
            # create_server adds the address to strerror, in words of its own
            why = os.strerror(error.errno) if error.errno else str(error)
            raise CannotServe(f"[http] listen {place}: {why}: choose another place") from error
        try:
            async with at.kept(web.start) if isinstance(at, SocketFile) else nullcontext():
                yield
        finally:
            await web.stop()


@contextmanager
def _claimed(place: Place) -> Iterator[SocketFile | Loopback]:
    """A port needs no claim but to be bound."""
    if isinstance(place, Loopback):
        yield place
        return
    with claimed_socket(f"ipc://{place}") as claim:
        yield SocketFile(claim)


def bound(place: Loopback) -> socket.socket:
    """A socket that is bound to a port. Raises OSError."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    return socket.create_server(place, family=family)


class Web:
    """`local_names_only`: a browser that was lured here under another name is not answered."""

    def __init__(self, pages: Pages, *, local_names_only: bool) -> None:
        self._pages = pages
        self._local_names_only = local_names_only
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Answers what comes through a bound socket, and through the one before it no longer."""
        server = self._server
        self._server = await asyncio.start_server(self._come, sock=listening, limit=HEAD_BYTES)
        if server is not None:
            server.close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MOST:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            asked = _asked(head)
            page = await self._page(asked)
        except asyncio.LimitOverrunError:
            asked, page = None, _status(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        await _send(writer, page, whole=asked is None or asked.method != "HEAD")

    async def _page(self, asked: Asked | None) -> Page:
        if asked is None:
            return _status(HTTPStatus.BAD_REQUEST)
        if self._local_names_only and not _names_this_host(asked.headers.get("host")):
            return _status(HTTPStatus.MISDIRECTED_REQUEST)
        if asked.method not in {"GET", "HEAD"}:
            return _status(HTTPStatus.METHOD_NOT_ALLOWED)
        make = self._pages.get(asked.path)
        if make is None:
            return sentence(HTTPStatus.NOT_FOUND, f"there are {', '.join(self._pages)}")
        try:
            return await make(asked)
        except Exception:
            logger.exception("%s could not be answered", asked.path)
            return _status(HTTPStatus.INTERNAL_SERVER_ERROR)


def _asked(head: bytes) -> Asked | None:
    """A request from its bytes; None if it is none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers: dict[str, str] = {}
    for line in filter(None, lines):
        name, colon, value = line.partition(":")
        if not colon:
            return None
        headers[name.lower()] = value.strip()
    return Asked(words[0], words[1].partition("?")[0], headers)


def _names_this_host(host: str | None) -> bool:
    if host is None:
        return True
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name)


def _status(status: HTTPStatus) -> Page:
    return sentence(status, f"{status.phrase}: {status.description}".rstrip(": "))


async def _send(writer: asyncio.StreamWriter, page: Page, *, whole: bool) -> None:
    """Sends an answer and closes; who does not take it in time is hung up on."""
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\n"
        f"Content-Length: {len(page.body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode() + (page.body if whole else b""))
    try:
        async with asyncio.timeout(PATIENCE):
            await writer.drain()
            writer.close()
            await writer.wait_closed()
    except (TimeoutError, OSError):
        writer.transport.abort()
    except asyncio.CancelledError:
        with suppress(RuntimeError):
            writer.transport.abort()
        raise
