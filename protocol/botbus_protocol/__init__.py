"""What is said on the wire, and nothing else.

Records, requests, replies, the codec between them and bytes, the limits and the error codes.
No I/O, no async, no storage: every other room may import this one, and it imports none of them.
"""

__version__ = "0.1.0"

PROTOCOL_VERSION = 1
