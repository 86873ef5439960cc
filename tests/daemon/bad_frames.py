"""Frames that cannot be taken, or not all of them: what they are, and what they are told.

`x` is the bot that speaks; it has connected before.
"""

from typing import NamedTuple

from tests.daemon.plain import new_id, pack

MIB = 1024 * 1024
DEEP = b"\x91" * 1_000_000 + b"\x01"
NO_TEXT = b"\xa2\xff\xfe"


class Bad(NamedTuple):
    """Bytes of a frame, the code of the one error they get, and a word of its sentence."""

    name: str
    code: str
    word: str
    frame: bytes


def framed(*pairs: tuple[str, bytes], v: bytes = b"\x01", bot: bytes = b"\xa1x") -> bytes:
    """A frame whose fields are given as msgpack."""
    fields = [("v", v), ("bot", bot), *pairs]
    return bytes([0x80 + len(fields)]) + b"".join(pack(name) + value for name, value in fields)


def asking(*pairs: tuple[str, bytes]) -> bytes:
    """A frame with one request, whose fields are given as msgpack."""
    request = bytes([0x80 + len(pairs)]) + b"".join(pack(name) + value for name, value in pairs)
    return framed(("requests", b"\x91" + request))


def request(op: str, **fields: object) -> bytes:
    return pack({"v": 1, "bot": "x", "requests": [{"op": op, **fields}]})


def send(**fields: object) -> bytes:
    return request("send", **{"id": new_id(), "to": "y", "body": None, **fields})


def body(value: bytes) -> bytes:
    """A send with a body given as msgpack."""
    return asking(("op", pack("send")), ("id", pack(new_id())), ("to", pack("y")), ("body", value))


FRAMES = [
    Bad("empty", "bad_frame", "msgpack", b""),
    Bad("text", "bad_frame", "shape", b"GET / HTTP/1.1\r\n\r\n"),
    Bad("json", "bad_frame", "shape", b'{"v": 1, "requests": []}'),
    Bad("cut", "bad_frame", "msgpack", request("hello")[:-3]),
    Bad("more behind", "bad_frame", "msgpack", request("hello") + b"\x01"),
    Bad("number", "bad_frame", "shape", b"\x01"),
    Bad("list", "bad_frame", "shape", pack([1, 2])),
    Bad("no requests", "bad_frame", "requests", pack({"v": 1})),
    Bad("requests no list", "bad_frame", "requests", pack({"v": 1, "requests": {}})),
    Bad("bot no text", "bad_frame", "bot", pack({"v": 1, "bot": 7, "requests": []})),
    Bad("bot no utf-8", "bad_frame", "msgpack", framed(("requests", b"\x90"), bot=NO_TEXT)),
    Bad("atomic no bool", "bad_frame", "atomic", pack({"v": 1, "atomic": 1, "requests": []})),
    Bad("million lists", "bad_frame", "", DEEP),
    Bad("million lists as version", "", "", framed(("requests", b"\x90"), v=DEEP)),
    Bad("980 lists as version", "", "", framed(("requests", b"\x90"), v=b"\x91" * 980 + b"\x01")),
    Bad("million lists as body", "bad_frame", "deep", body(DEEP)),
    Bad("length of 4 GiB", "bad_frame", "msgpack", b"\xdf\xff\xff\xff\xff"),
    Bad("no version", "unsupported_version", "v = 1", pack({"requests": []})),
    Bad("version 2", "unsupported_version", "v = 1", pack({"v": 2, "requests": []})),
    Bad("version -1", "unsupported_version", "v = 1", pack({"v": -1, "requests": []})),
    Bad("version text", "unsupported_version", "v = 1", pack({"v": "1", "requests": []})),
    Bad("bot with a space", "invalid", "no spaces", pack({"v": 1, "bot": "a b", "requests": []})),
    Bad("bot empty", "invalid", "1-64", pack({"v": 1, "bot": "", "requests": []})),
    Bad("bot long", "invalid", "1-64", pack({"v": 1, "bot": "a" * 65, "requests": []})),
    Bad("bot an id", "invalid", "UUID", pack({"v": 1, "bot": new_id(), "requests": []})),
    Bad("bot umlaut", "invalid", "a-z", pack({"v": 1, "bot": "ä", "requests": []})),
    Bad("bot newline", "invalid", "a-z", pack({"v": 1, "bot": "a\n", "requests": []})),
    Bad(
        "10,000 requests",
        "too_large",
        "split",
        pack({"v": 1, "requests": [{"op": "hello"}] * 10_000}),
    ),
    Bad("a little large", "too_large", "split", send(body="x" * MIB)),
    Bad("15 times as large", "too_large", "split", send(body="x" * (15 * MIB))),
]
"""Refused as a whole: one error, however many requests there were."""
