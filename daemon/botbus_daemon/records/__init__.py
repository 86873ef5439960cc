"""What the daemon itself does for the records that bots share."""
