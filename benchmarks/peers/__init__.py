"""Other ways to do durably on one host what the bus does, each in a module of its own.

A peer runs as its users would run it when what was acknowledged must survive a power cut: it
flushes to the disk before it answers. Its client is written in Python like ours, and of several ways
to use it the quickest counts. To add a peer, write a module with a `PEER` and name it below.
"""

from benchmarks.peers import dbos_steps, langgraph_steps, nats_jetstream, redis_streams
from benchmarks.peers.peer import Peer

SENDING: tuple[Peer, ...] = (redis_streams.PEER, nats_jetstream.PEER)
"""Those that send messages."""
STEPPING: tuple[Peer, ...] = (dbos_steps.PEER, langgraph_steps.PEER)
"""Those that run workflows."""
ALL = (*SENDING, *STEPPING)
