"""Questions about the records that bots share."""
