"""The settings of a daemon: flag beats environment beats file beats default.

A settings file is TOML. What it says is checked here, with the file and the key in the error; what it
does not know is refused, for a typo must not silently mean the default.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.bounds import AtLeastOne
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.loop_guard import LoopPolicy
from botbus_daemon.monitoring.settings import HttpPolicy
from botbus_daemon.monitoring.traces import TracePolicy
from botbus_daemon.policy import Rule
from botbus_daemon.retention.settings import RetentionPolicy
from botbus_daemon.runs.settings import WorkflowPolicy
from botbus_protocol import locations
from botbus_protocol.limits import Limits


class SettingsError(Exception):
    """The settings cannot be used; the sentence names the file and the key."""


class MigrationPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[migrations]` table of the settings."""

    backup: bool = True
    """Whether the database is copied before its schema changes."""
    keep_backups: AtLeastOne = 5


Level = Literal["debug", "info", "warning", "error"]
Mode = Annotated[str, Meta(pattern="^0?[0-7]{3}$")]


class FileSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a settings file may say."""

    url: str | None = None
    database: str | None = None
    key_file: str | None = None
    delivery: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    loop_guard: LoopPolicy = field(default_factory=LoopPolicy)
    migrations: MigrationPolicy = field(default_factory=MigrationPolicy)
    workflows: WorkflowPolicy = field(default_factory=WorkflowPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    http: HttpPolicy = field(default_factory=HttpPolicy)
    traces: TracePolicy = field(default_factory=TracePolicy)
    limits: dict[str, Any] = field(default_factory=dict)
    bot_limits: BotLimits = field(default_factory=BotLimits)
    socket_mode: Mode = "0600"
    log_level: Level = "warning"
    policy: list[Rule] = field(default_factory=list)


class Settings(Struct, frozen=True, kw_only=True):
    """What a daemon runs with."""

    url: str
    database: Path
    key_file: Path | None = None
    """The key of an encrypted database."""
    delivery: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    loop_guard: LoopPolicy = field(default_factory=LoopPolicy)
    migrations: MigrationPolicy = field(default_factory=MigrationPolicy)
    workflows: WorkflowPolicy = field(default_factory=WorkflowPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    http: HttpPolicy = field(default_factory=HttpPolicy)
    traces: TracePolicy = field(default_factory=TracePolicy)
    limits: Limits = field(default_factory=Limits)
    bot_limits: BotLimits = field(default_factory=BotLimits)
    socket_mode: int = 0o600
    """Who may open the socket at all; what they may do then is for the policy."""
    log_level: Level = "warning"
    policy: list[Rule] = field(default_factory=list)


def load_settings(
    *,
    url: str | None = None,
    database: Path | None = None,
    config: Path | None = None,
    key_file: Path | None = None,
    log_level: Level | None = None,
    env: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings in force. Raises SettingsError."""
    path = config or locations.config_file(env, Path.home())
    named = config is not None or "BOTBUS_CONFIG" in env
    file = _read(path) if named or path.exists() else FileSettings()
    chosen_url = url or env.get("BOTBUS_URL") or file.url or locations.serving_url(env, os.getuid())
    if not chosen_url.startswith("ipc://"):
        raise SettingsError(f"url {chosen_url!r}: botbus listens on ipc:// only, as ipc:///path")
    key = key_file or env.get("BOTBUS_KEY_FILE") or file.key_file
    chosen = database or env.get("BOTBUS_DATABASE") or file.database
    return Settings(
        url=chosen_url,
        database=Path(chosen) if chosen else locations.database(env, Path.home()),
        key_file=Path(key) if key else None,
        delivery=file.delivery,
        loop_guard=file.loop_guard,
        migrations=file.migrations,
        workflows=file.workflows,
        retention=file.retention,
        http=file.http,
        traces=file.traces,
        limits=_limits(path, file.limits),
        bot_limits=file.bot_limits,
        socket_mode=int(file.socket_mode, 8),
        log_level=log_level or file.log_level,
        policy=file.policy,
    )


def _read(path: Path) -> FileSettings:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), FileSettings)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from error


def _limits(path: Path, table: dict[str, Any]) -> Limits:
    known = set(Limits.__struct_fields__)
    if unknown := sorted(set(table) - known):
        raise SettingsError(f"{path}: limits has no key {unknown[0]!r}; it has {sorted(known)}")
    try:
        return msgspec.convert(table, Limits)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: limits: {error}") from error
