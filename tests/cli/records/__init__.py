"""The commands about the records that bots share."""
