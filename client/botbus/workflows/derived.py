"""Values that follow from a run and a name: the same on every replay, and nothing stored for them."""

from hashlib import sha256

_MANTISSA = 53


def derived_id(run: str, name: str) -> str:
    """A UUIDv7: the time of the run's own id, and for the rest a hash."""
    digits = _hash(run, name).hex()
    variant = "89ab"[int(digits[3], 16) % 4]
    return f"{run[:13]}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"


def derived_number(run: str, name: str) -> float:
    """A number from 0 to below 1."""
    return (int.from_bytes(_hash(run, name)[:8]) >> (64 - _MANTISSA)) / (1 << _MANTISSA)


def _hash(run: str, name: str) -> bytes:
    return sha256(f"{run}/{name}".encode()).digest()
