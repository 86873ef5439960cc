"""What can be done to the records that bots share, as values, and what comes of each."""
