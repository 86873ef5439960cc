"""The daemon that is fed."""

from tests.daemon.conftest import bots, server, settings

__all__ = ["bots", "server", "settings"]
