"""The daemon that is fed, and how the property tests of this folder run."""

from tests.daemon.conftest import bots, server, settings
from tests.protocol import conftest as any_machine

__all__ = ["any_machine", "bots", "server", "settings"]
