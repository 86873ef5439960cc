"""The requests about channels and subscriptions."""

from typing import ClassVar

from botbus_protocol.grammar import check_name, check_name_or_id
from botbus_protocol.requests.request import Request, Seq, check_count
from botbus_protocol.timestamps import parse_time


class CreateChannel(Request, frozen=True, tag="create_channel"):
    mutates: ClassVar[bool] = True

    name: str

    def __post_init__(self) -> None:
        check_name(self.name, "name")


class ListChannels(Request, frozen=True, tag="list_channels"):
    after: str = ""
    """Only names that sort after this one: the last name of the page before."""
    limit: int = 100

    def __post_init__(self) -> None:
        check_count(self.limit, "limit")


class GetChannel(Request, frozen=True, tag="get_channel"):
    name: str

    def __post_init__(self) -> None:
        check_name(self.name, "name")


class Subscribe(Request, frozen=True, tag="subscribe"):
    """Makes a durable subscription; one that exists stays as it is, cursor and all."""

    mutates: ClassVar[bool] = True

    channel: str
    start: str | Seq = "new"
    """`new`, `first`, the seq or the time (RFC 3339) of the first message wanted."""

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")
        if isinstance(self.start, str) and self.start not in {"new", "first"}:
            parse_time(self.start, "start")


class Unsubscribe(Request, frozen=True, tag="unsubscribe"):
    mutates: ClassVar[bool] = True

    channel: str

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")


class ListSubscriptions(Request, frozen=True, tag="list_subscriptions"):
    """The subscriptions of a bot; one's own by default."""

    bot: str | None = None

    def __post_init__(self) -> None:
        if self.bot is not None:
            check_name_or_id(self.bot, "bot")


class ListSubscribers(Request, frozen=True, tag="list_subscribers"):
    channel: str
    after: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")
        check_count(self.limit, "limit")


ChannelRequest = (
    CreateChannel
    | ListChannels
    | GetChannel
    | Subscribe
    | Unsubscribe
    | ListSubscriptions
    | ListSubscribers
)
