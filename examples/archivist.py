"""A bot that is offline most of the time: it reads what came since its last run, and ends.

    python archivist.py [NAME]          each name keeps its own place in the channel

A subscription outlives the bot: what is published while nobody runs waits in its mailbox. This one
does not use async; everything else could.
"""

import sys

import botbus

NAME = sys.argv[1] if len(sys.argv) > 1 else "archivist"
PATIENCE = 0.3
"""Seconds without a message after which there is nothing left to read."""


def main() -> None:
    with botbus.connect_sync(NAME) as bus:
        bus.create_channel("builds")
        bus.subscribe("builds", start="first")
        while deliveries := bus.fetch(max=100, wait=PATIENCE):
            for delivery in deliveries:
                archive(delivery.message)
                delivery.ack()


def archive(message: botbus.Message) -> None:
    outcome = "built" if message.body["ok"] else "broken"
    print(f"archived {message.body['change']!r}, {outcome}: {message.id}", flush=True)


main()
