"""Fixtures that every test may use."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.daemons import DaemonProcess

# What a property test finds may not hang on how busy the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile(  # `--hypothesis-profile=mutation`: fails or not, always alike, and soon
    "mutation",
    settings.get_profile("any machine"),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What whoever runs the tests has set for a daemon of his own is not for those of the tests."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        for name in ("CONFIG", "URL", "DATABASE", "KEY_FILE", "BOT"):
            environment.delenv(f"BOTBUS_{name}", raising=False)
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder with a short path: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bb-") as name:
        yield Path(name)


@pytest.fixture
def daemon(folder: Path) -> Iterator[DaemonProcess]:
    """A running daemon."""
    with DaemonProcess(folder) as process:
        yield process
