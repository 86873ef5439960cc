"""How much waits in which mailbox, and from whom: whether one more message may be put there.

Pure: no disk, no clock; whoever calls passes the time and what the disk has counted. Each message that
is let in is added to its mailbox, and none is ever taken off: a figure is what was counted last and all
that came since, so it is never too low. When one reaches its limit the mailbox is counted anew. Whether
messages left it by an ack, a ttl or retention makes no difference.

Invariant: once nothing is under way, a mailbox never holds more than its limits.
"""

from math import inf

from msgspec import Struct

from botbus_daemon.charges.excess import A_WHILE, Excess
from botbus_daemon.charges.settings import BotLimits
from botbus_storage.reading.waiting import Waiting

MOST_FIGURES = 100_000
"""Mailboxes and senders in them that are remembered; a forgotten mailbox is counted again."""
NEARLY_FULL = 0.9
"""Share of a limit above which a mailbox is not counted as often as messages come; below it, so many
come between two counts that they cost each of them little."""
COUNTING_SHARE = 4.0
"""Times as long as counting it took, such a mailbox is left alone before it is counted again."""
LEAST_PAUSE = 0.005
"""Seconds; even if it is counted in no time."""
ENDLESS = 2**62
"""Where there is no limit."""
KEPT = 0.9
"""Share of `MOST_FIGURES` that stays when some are forgotten."""


class Account:
    """What there is in one mailbox."""

    __slots__ = ("bytes", "countable_at", "known", "messages", "names", "rested_at", "senders")

    def __init__(self) -> None:
        self.names: set[str] = set()
        """What senders call it: the bot's name, or its id."""
        self.known = False
        """Whether it has ever been counted."""
        self.messages = 0
        self.bytes = 0
        self.senders: dict[str, Share] = {}
        self.countable_at = -inf
        self.rested_at = -inf
        """When it may be counted again though that has not helped before."""

    def open(self) -> bool:
        """Whether messages to it are under way."""
        return any(share.open_messages for share in self.senders.values())


class Share:
    """What one sender has in one mailbox."""

    __slots__ = ("account", "bytes", "messages", "open_bytes", "open_messages")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.messages = 0
        self.bytes = 0
        self.open_messages = 0
        """Of them those that are not on disk yet: whoever counts there does not see them."""
        self.open_bytes = 0

    def add(self, messages: int, size: int) -> None:
        self.messages += messages
        self.bytes += size

    def take_off(self, messages: int, size: int) -> None:
        self.messages -= messages
        self.bytes -= size

    def landed(self, size: int, messages: int = 1) -> None:
        """What was let in is on disk."""
        self.open_messages -= messages
        self.open_bytes -= size

    def withdrawn(self, size: int, messages: int = 1) -> None:
        """What was let in will never be there."""
        self.landed(size, messages)
        self.take_off(messages, size)
        self.account.messages -= messages
        self.account.bytes -= size


class Snapshot(Struct, frozen=True):
    """What was known of a mailbox when it began to be counted."""

    account: Account | None
    landed: dict[str, tuple[int, int]]
    """By sender: the messages and bytes that whoever counts sees, and that his count replaces."""
    begun: float
    forgotten: int
    """How often something had been forgotten by then."""


class Mailboxes:
    """The figures of all mailboxes that are written to."""

    def __init__(self, limits: BotLimits) -> None:
        self._accounts: dict[str, Account] = {}
        self._figures = 0
        """Shares in all of them."""
        self._forgotten = 0
        self.limit(limits)

    def limit(self, limits: BotLimits) -> None:
        """From now on these limits hold."""
        self._limits = limits
        self._messages = limits.mailbox_messages or ENDLESS
        self._bytes = limits.mailbox_bytes or ENDLESS
        self._sender_messages = limits.sender_messages or ENDLESS
        self._sender_bytes = limits.sender_bytes or ENDLESS

    def take(self, to: str, sender: str, size: int, messages: int = 1) -> Share | None:
        """Adds messages of so many bytes together to a mailbox; None if it must be counted first, or
        has no room for all of them.

        The share is to be told what becomes of them: `landed` or `withdrawn`.
        """
        account = self._accounts.get(to)
        if account is None:
            return None
        share = account.senders.get(sender)
        if share is None:
            share = self._new_share(account, sender)
        if (
            account.messages + messages > self._messages
            or share.messages + messages > self._sender_messages
            or account.bytes + size > self._bytes
            or share.bytes + size > self._sender_bytes
        ):
            return None
        account.messages += messages
        account.bytes += size
        share.messages += messages
        share.bytes += size
        share.open_messages += messages
        share.open_bytes += size
        return share

    def countable(self, to: str, now: float) -> bool:
        """Whether counting the mailbox may help."""
        account = self._accounts.get(to)
        return account is None or now >= account.countable_at

    def snapshot(self, to: str, now: float) -> Snapshot:
        """To be taken before a mailbox is counted, and given back with what was counted."""
        account = self._accounts.get(to)
        shares = {} if account is None else account.senders
        landed = {
            sender: (s.messages - s.open_messages, s.bytes - s.open_bytes)
            for sender, s in shares.items()
        }
        return Snapshot(account, landed, now, self._forgotten)

    def counted(self, to: str, snapshot: Snapshot, waiting: Waiting, now: float) -> None:
        """Takes over what the disk says of a mailbox."""
        if snapshot.forgotten != self._forgotten:
            return  # it may be among what was forgotten, and what came since with it
        account = self._accounts.get(waiting.bot) or Account()
        for name in (to, waiting.bot):
            account.names.add(name)
            self._accounts[name] = account
        if account.known and account is not snapshot.account:
            return  # what has landed in it since it was counted under another name is not known
        account.known = True
        for sender in waiting.senders.keys() - account.senders.keys():
            self._new_share(account, sender)
        for sender, share in list(account.senders.items()):
            share.add(*waiting.senders.get(sender, (0, 0)))
            share.take_off(*snapshot.landed.get(sender, (0, 0)))
            if share.messages == 0:
                del account.senders[sender]
                self._figures -= 1
        account.messages = sum(share.messages for share in account.senders.values())
        account.bytes = sum(share.bytes for share in account.senders.values())
        account.rested_at = now + max(LEAST_PAUSE, COUNTING_SHARE * (now - snapshot.begun))
        if self._fullness(account) > NEARLY_FULL:
            account.countable_at = account.rested_at

    def excess(self, to: str, sender: str, size: int, now: float) -> Excess:
        """Why a message was not let in by `take`, though its mailbox has been counted."""
        account = self._accounts.get(to) or Account()
        account.countable_at = account.rested_at
        share = account.senders.get(sender) or Share(account)
        if share.messages >= self._sender_messages:
            name = "sender_messages"
        elif share.bytes + size > self._sender_bytes:
            name = "sender_bytes"
        elif account.messages >= self._messages:
            name = "mailbox_messages"
        else:
            name = "mailbox_bytes"
        return Excess(name, getattr(self._limits, name), max(A_WHILE, account.countable_at - now))

    def _fullness(self, account: Account) -> float:
        """The largest part of a limit that is used up; 1.0 is all of it."""
        shares = account.senders.values()
        return max(
            account.messages / self._messages,
            account.bytes / self._bytes,
            max((share.messages for share in shares), default=0) / self._sender_messages,
            max((share.bytes for share in shares), default=0) / self._sender_bytes,
        )

    def _new_share(self, account: Account, sender: str) -> Share:
        share = account.senders[sender] = Share(account)
        self._figures += 1
        if len(self) > MOST_FIGURES:
            self.forget(int(MOST_FIGURES * KEPT), account)
        return share

    def forget(self, most: int, kept: Account | None = None) -> None:
        """Forgets what came first until so much is left; nothing that is under way."""
        self._forgotten += 1
        for account in dict.fromkeys(self._accounts.values()):
            if len(self) <= most:
                break
            if account is not kept and not account.open():
                for name in account.names:
                    del self._accounts[name]
                self._figures -= len(account.senders)

    def __len__(self) -> int:
        return self._figures + len(self._accounts)
