"""The groups of the bus about the records that bots share."""
