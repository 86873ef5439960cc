"""The `[http]` table of the settings: where health and metrics are served, if anywhere.

Only to this host: an address that others could reach is refused, whatever a firewall may do.
"""

import ipaddress
import re
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

_UNIX = "unix:"
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>\d{1,5})")


class Loopback(NamedTuple):
    """A port of this host alone."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Place = Path | Loopback


class HttpPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Raises ValueError if `listen` is no place of this host."""

    listen: str | None = None
    """`127.0.0.1:PORT`, `[::1]:PORT` or `unix:/PATH`; None: nothing is served."""

    def __post_init__(self) -> None:
        self.place()

    def place(self) -> Place | None:
        """Where to listen."""
        return None if self.listen is None else _place(self.listen)


def _place(text: str) -> Place:
    if text.startswith(_UNIX):
        path = Path(text.removeprefix(_UNIX))
        if not path.is_absolute():
            raise ValueError(
                f"listen {text!r}: the path must be absolute, as unix:/run/botbus/http"
            )
        return path
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise ValueError(f"listen {text!r} is not 127.0.0.1:PORT, [::1]:PORT or unix:/PATH")
    host = found["six"] or found["host"]
    if not is_loopback(host):
        raise ValueError(
            f"listen {text!r}: only this host may ask, over 127.0.0.1, [::1] or unix:/PATH"
        )
    return Loopback("127.0.0.1" if host == "localhost" else host, int(found["port"]))


def is_loopback(host: str) -> bool:
    """Whether a name or address means this host and cannot mean another."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
