"""A mailbox for whoever tests one."""

import pytest

from botbus_daemon.mailbox import Mailbox
from tests.pure.boxes import empty_box


@pytest.fixture
def box() -> Mailbox:
    return empty_box()
