"""Every method of every contract is tried on every implementation: a new one needs a suite, too."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from botbus_storage.store import Store

SUITES = "\n".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))
METHODS = [
    f"{repository}.{name}"
    for repository, contract in get_type_hints(Store).items()
    for name, member in vars(contract).items()
    if callable(member) and not name.startswith("_")
]


def test_the_contracts_are_found() -> None:
    assert len(METHODS) > 90
    assert "messages.save_message" in METHODS


@pytest.mark.parametrize("method", METHODS)
def test_a_suite_calls_it(method: str) -> None:
    assert re.search(rf"\bstore\.{re.escape(method)}\(", SUITES), f"no suite calls store.{method}"
