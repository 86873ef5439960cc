"""`bus.configurations`: typed settings that bots share, their secrets, and their changes as messages.

Every change is a message in the channel `botbus.config`. A watch reads that channel as it grows; who
must not miss a change while away subscribes to it, as to any channel.
"""

# ruff: noqa: A002 - id is a word of the contract

from typing import Any, Self

from botbus.errors import Invalid
from botbus.listening import Tailing
from botbus.requesting import checked, encoded
from botbus.room import EVERYTHING, Room
from botbus.transport import Transport
from botbus_protocol import requests
from botbus_protocol.configuration_values import CONFIG_CHANNEL
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Configuration, Message, ValueType
from botbus_protocol.replies import ConfigurationReply, Configurations, Done


class Watching:
    """Changes of configurations as they are committed; each is a message of `botbus.config`.

    Its `type` is "config.set" or "config.unset", its `body` has `key`, `value_type`, `is_secret`, `by`,
    and of a value that was set and is no secret the `value`.
    """

    def __init__(
        self, transport: Transport, prefix: str, key: str | None, after: int | None
    ) -> None:
        self._changes = Tailing(transport, CONFIG_CHANNEL, None, after)
        self._prefix = prefix
        self._key = key

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while True:
            message = await anext(self._changes)
            key = message.body["key"]
            if key == self._key or (self._key is None and key.startswith(self._prefix)):
                return message

    async def aclose(self) -> None:
        """Ends the iteration."""
        await self._changes.aclose()


class ConfigurationGroup(Room):
    async def set(
        self,
        key: str,
        value: Any,
        *,
        value_type: ValueType | None = None,
        description: str | None = None,
        is_secret: bool | None = None,
        if_value: Any = None,
        if_absent: bool = False,
        id: str | None = None,
    ) -> Configuration:
        """Sets a value: whatever is there, or only if what is there is `if_value`, or is nothing.

        What is left out stays as the key has it; a new key gets the type that fits the value. Raises
        Conflict if the condition does not hold, Denied if `if_value` is about a secret that this bot
        may not get, and Invalid for a value of another type.
        """
        if value is None:
            raise Invalid("value is null (None), which is no value: unset the key instead")
        request = checked(
            requests.SetConfiguration,
            id=id or new_id(),
            key=key,
            value=encoded(value, "value"),
            value_type=value_type,
            description=description,
            is_secret=is_secret,
            if_value=encoded(if_value, "if_value"),
            if_absent=if_absent,
        )
        return (await self._transport.call(request, ConfigurationReply)).configuration

    async def get(self, key: str) -> Configuration:
        """The configuration with its value, that of a secret too.

        Raises NotFound, and Denied if it is a secret that is not for this bot.
        """
        request = checked(requests.GetConfiguration, key=key)
        return (await self._transport.call(request, ConfigurationReply)).configuration

    async def unset(self, key: str, *, if_value: Any = None, id: str | None = None) -> bool:
        """Takes a key away; False if it was not there. Raises Conflict if it has another value."""
        request = checked(
            requests.UnsetConfiguration,
            id=id or new_id(),
            key=key,
            if_value=encoded(if_value, "if_value"),
        )
        return (await self._transport.call(request, Done)).changed

    def watch(
        self, prefix: str = "", *, key: str | None = None, after: int | None = None
    ) -> Watching:
        """Changes of one key, or of all that begin with a prefix, from now on or after a seq."""
        return Watching(self._transport, prefix, key, after)

    async def list(
        self,
        prefix: str = "",
        *,
        value_type: ValueType | None = None,
        is_secret: bool | None = None,
        limit: int = EVERYTHING,
    ) -> "ConfigurationList":
        """By key, those that begin with a prefix; without the values of secrets."""

        async def page(after: str, want: int) -> ConfigurationList:
            request = checked(
                requests.ListConfigurations,
                prefix=prefix,
                value_type=value_type,
                is_secret=is_secret,
                after=after,
                limit=want,
            )
            return (await self._transport.call(request, Configurations)).configurations

        return await self._paged(limit, "", page, lambda last: last.key)


ConfigurationList = list[Configuration]
