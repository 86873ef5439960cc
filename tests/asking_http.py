"""HTTP in plain bytes over a Unix socket, for tests: what a client says is written by hand."""

import socket
from pathlib import Path
from typing import NamedTuple

SECONDS = 20.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    """By name in lower case."""
    body: str


def say(path: Path, data: bytes) -> bytes:
    """Everything that is answered to some bytes until the other side closes."""
    with connected(path) as client:
        client.sendall(data)
        return read_all(client)


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(SECONDS)
    client.connect(str(path))
    return client


def read_all(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), {k.lower(): v for k, v in pairs}, body.decode())


def get(path: Path, target: str, method: str = "GET", **headers: str) -> Answer:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return parsed(say(path, "\r\n".join([*lines, "", ""]).encode()))
