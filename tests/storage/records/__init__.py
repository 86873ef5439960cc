"""The records that bots share, in the store."""
