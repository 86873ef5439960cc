"""Every request of the protocol, one struct each; the tag in `op` is its name on the wire.

A struct checks itself when it is made and when it is decoded, so the same rules hold in a client
before it sends and in the daemon when it receives: a ValueError with a sentence in the one, an
`invalid` error in the other. Unknown fields are ignored and new fields have defaults.
"""

from botbus_protocol.requests.channels import (
    ChannelRequest,
    CreateChannel,
    GetChannel,
    ListChannels,
    ListSubscribers,
    ListSubscriptions,
    Subscribe,
    Unsubscribe,
)
from botbus_protocol.requests.connection import ConnectionRequest, Hello, ListBots
from botbus_protocol.requests.mailbox import (
    MAX_REASON,
    MAX_SEQS,
    Ack,
    CancelFetch,
    DropDead,
    Extend,
    Fetch,
    ListDead,
    MailboxRequest,
    Nak,
    Peek,
    ReplayDead,
    Term,
)
from botbus_protocol.requests.messages import (
    MAX_TEXT,
    Ask,
    History,
    MessageRequest,
    Publish,
    Recall,
    Send,
    ShowMessage,
    Tail,
)
from botbus_protocol.requests.request import LONGEST, LONGEST_LEASE, Request, Seq

__all__ = [
    "LONGEST",
    "LONGEST_LEASE",
    "MAX_REASON",
    "MAX_SEQS",
    "MAX_TEXT",
    "Ack",
    "AnyRequest",
    "Ask",
    "CancelFetch",
    "CreateChannel",
    "DropDead",
    "Extend",
    "Fetch",
    "GetChannel",
    "Hello",
    "History",
    "ListBots",
    "ListChannels",
    "ListDead",
    "ListSubscribers",
    "ListSubscriptions",
    "Nak",
    "Peek",
    "Publish",
    "Recall",
    "ReplayDead",
    "Request",
    "Send",
    "Seq",
    "ShowMessage",
    "Subscribe",
    "Tail",
    "Term",
    "Unsubscribe",
]

AnyRequest = ConnectionRequest | MessageRequest | MailboxRequest | ChannelRequest
