"""NNG's wire format on a Unix socket, as bytes and nothing else.

Both sides greet with eight bytes that name their pattern. Then come messages: a 1, eight bytes of
size, and so many bytes. A request begins with its route, words of four bytes of which the last has its
highest bit set; the answer begins with the same route, which is how the other side knows it.

Sources: nanomsg's `sp-tcp-mapping-01` and `sp-request-reply-01`; NNG's IPC mapping adds the leading 1.
"""

HEAD = 9
WORD = 4
MOST_WORDS = 16
"""Words of a route; each is a device on the way, and nobody has so many."""
REQ = b"\0SP\0\x00\x30\0\0"
"""The greeting of who makes requests."""
REP = b"\0SP\0\x00\x31\0\0"
"""The greeting of who answers them."""
UNBOUNDED = 1 << 62
"""Bytes."""


class Garbage(Exception):  # noqa: N818 - what it is
    """The other side does not speak this format; there is nothing to do but to hang up."""


class Unframer:
    """Cuts what arrives into messages.

    Of a message it keeps `most` bytes: whoever looks at it sees that it is too long, and nobody had to
    hold it. One longer than `longest` is garbage.
    """

    __slots__ = ("_head", "_longest", "_missing", "_most", "_parts", "_room")

    def __init__(self, most: int = UNBOUNDED, longest: int = UNBOUNDED) -> None:
        self._most = most
        self._longest = longest
        self._head = b""
        self._missing = 0
        self._room = 0
        self._parts: list[bytes] = []

    @property
    def partial(self) -> bool:
        """Whether a message has begun to arrive, and its rest has not."""
        return bool(self._missing or self._head)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises Garbage."""
        if not self._missing and not self._head and self._is_whole(data):
            return [data[HEAD:]]  # nearly always
        found: list[bytes] = []
        at = 0
        while True:
            if self._missing:
                at = self._take(data, at)
                if self._missing:
                    return found
                found.append(b"".join(self._parts))
                self._parts.clear()
            more = HEAD - len(self._head)
            self._head += data[at : at + more]
            at += more
            if len(self._head) < HEAD:
                return found
            self._begin()

    def _is_whole(self, data: bytes) -> bool:
        """Whether this is one message, of which nothing is to be left out."""
        size = len(data) - HEAD
        return WORD <= size <= min(self._most, self._longest) and data.startswith(
            b"\1" + size.to_bytes(8)
        )

    def _take(self, data: bytes, at: int) -> int:
        part = data[at : at + self._missing]
        self._missing -= len(part)
        if self._room > 0:
            self._parts.append(part[: self._room])
            self._room -= len(part)
        return at + len(part)

    def _begin(self) -> None:
        head, self._head = self._head, b""
        size = int.from_bytes(head[1:])
        if head[0] != 1 or not WORD <= size <= self._longest:
            raise Garbage
        self._missing = size
        self._room = self._most


def framed(route: bytes, body: bytes) -> bytes:
    """A message as it is sent."""
    return b"".join((b"\1", (len(route) + len(body)).to_bytes(8), route, body))


def parted(message: bytes) -> tuple[bytes, bytes]:
    """The route and the body of a request. Raises Garbage."""
    end = WORD
    while not message[end - WORD] & 0x80:
        end += WORD
        if end > min(len(message), MOST_WORDS * WORD):
            raise Garbage
    return message[:end], message[end:]
