"""Other ways to send a durable message on one host, each in a module of its own.

A peer runs as its users would run it when an acknowledged message must survive a power cut: it
flushes to the disk before it answers. Its client is written in Python like ours, and of several ways
to use it the quickest counts. To add a peer, write a module with a `PEER` and name it in `ALL`.
"""

from benchmarks.peers import redis_streams
from benchmarks.peers.peer import Peer

ALL: tuple[Peer, ...] = (redis_streams.PEER,)
