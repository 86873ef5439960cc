"""set_configuration, get_configuration, list_configurations, unset_configuration.

The value of a secret leaves the daemon in one place: the answer to `get_configuration`, for somebody
whom the policy lets; nobody else may compare it with a guess either. A change is told in the channel of
configurations once it is on disk.
"""

from msgspec import Raw

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import found, page_limit
from botbus_daemon.wire_json import check_size
from botbus_protocol import bodies, requests
from botbus_protocol.configuration_values import CONFIG_CHANNEL
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Message
from botbus_protocol.replies import ConfigurationReply, Configurations, Done
from botbus_protocol.requests import (
    GetConfiguration,
    ListConfigurations,
    SetConfiguration,
    UnsetConfiguration,
)
from botbus_storage.reading.records.configurations import ConfigurationScope
from botbus_storage.record_operations import configurations as ops
from botbus_storage.record_operations.outcomes import Configured


async def set_configuration(broker: Broker, caller: Caller, request: SetConfiguration) -> Plan:
    session = caller.bot()
    limit = broker.settings.limits.body_bytes
    may_read = await _may_read(broker, caller, request)
    operation = ops.SetConfiguration(
        id=request.id,
        key=request.key,
        value=_text(request.value, "value", limit),
        value_type=request.value_type,
        description=request.description,
        is_secret=request.is_secret,
        if_value=_expected(request.if_value, limit),
        if_absent=request.if_absent,
        may_read=may_read,
        bot_id=session.bot_id,
        bot=session.bot,
    )

    def then(outcome: Configured) -> ConfigurationReply:
        _tell(broker, outcome.message)
        assert outcome.configuration is not None
        return ConfigurationReply(configuration=outcome.configuration, changed=outcome.changed)

    return Write(operation, then)


async def get_configuration(broker: Broker, caller: Caller, request: GetConfiguration) -> Plan:
    there = await broker.store.configurations.get_configuration(request.key)
    advice = "`botbus config list` lists them"
    configuration = found(there, "configuration", request.key, advice)
    if configuration.is_secret and not caller.connection.trusted:
        broker.guard.require(caller.connection, caller.name, "reveal", request.key)
    return ConfigurationReply(configuration=configuration)


async def list_configurations(broker: Broker, _: Caller, request: ListConfigurations) -> Plan:
    scope = ConfigurationScope(
        prefix=request.prefix, value_type=request.value_type, is_secret=request.is_secret
    )
    limit = page_limit(broker, request.limit)
    listed = await broker.store.configurations.list_configurations(scope, request.after, limit)
    return Configurations(configurations=listed)


async def unset_configuration(broker: Broker, caller: Caller, request: UnsetConfiguration) -> Plan:
    session = caller.bot()
    limit = broker.settings.limits.body_bytes
    may_read = await _may_read(broker, caller, request)
    operation = ops.UnsetConfiguration(
        id=request.id,
        key=request.key,
        if_value=_expected(request.if_value, limit),
        may_read=may_read,
        bot_id=session.bot_id,
        bot=session.bot,
    )

    def then(outcome: Configured) -> Done:
        _tell(broker, outcome.message)
        return Done(changed=outcome.changed)

    return Write(operation, then)


async def _may_read(
    broker: Broker, caller: Caller, request: SetConfiguration | UnsetConfiguration
) -> bool:
    """Whether a change may depend on what a secret is. Raises Refused if it is to, and may not."""
    if caller.connection.trusted:
        return True
    if broker.guard.allows(caller.connection, caller.name, "reveal", request.key):
        return True
    if request.if_value != bodies.NULL:
        there = await broker.store.configurations.get_configuration(request.key)
        if there is not None and there.is_secret:
            broker.guard.require(caller.connection, caller.name, "reveal", request.key)
    return False


def _text(raw: Raw, what: str, limit: int) -> str:
    """JSON text of a value. Raises Refused, and does not say where in it: it may be a secret."""
    try:
        text = bodies.to_json(raw, what)
    except ValueError:
        raise Refused(
            Code.INVALID,
            f"{what} holds something that JSON cannot hold (bytes, NaN, a timestamp, a key that is no "
            "text): send text, for example base64",
        ) from None
    check_size(what, text, limit)
    return text


def _expected(raw: Raw, limit: int) -> str | None:
    """JSON text of the value of a condition; None if there is no condition."""
    return None if raw == bodies.NULL else _text(raw, "if_value", limit)


def _tell(broker: Broker, message: Message | None) -> None:
    """Hands a change to whoever watches or is subscribed."""
    if message is None:
        return
    broker.streams.head = max(broker.streams.head, message.seq)
    if broker.wants(CONFIG_CHANNEL, None):
        broker.routed(message, None)


HANDLERS: dict[type[requests.Request], Handler] = {
    SetConfiguration: set_configuration,
    GetConfiguration: get_configuration,
    ListConfigurations: list_configurations,
    UnsetConfiguration: unset_configuration,
}
