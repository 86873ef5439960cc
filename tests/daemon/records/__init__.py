"""The records that bots share, over the wire."""
